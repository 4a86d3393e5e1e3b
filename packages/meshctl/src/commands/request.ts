import { capabilityRule, isCapability, MeshError } from '@agent-mesh/core'
import { parseAgentWord } from '../agent-options.js'
import { writeAnswer } from '../answer-writer.js'
import { parseDuration } from '../duration.js'
import type { Invocation } from '../invocation.js'
import { openPayload } from '../payload.js'
import type { Define } from '../program.js'
import { Progress } from '../progress.js'
import { helpEnd } from '../usage.js'

interface RequestOptions {
  readonly target: string
  readonly capability: string
  readonly payload?: string
  readonly contentType?: string
  readonly stream?: boolean
  readonly timeout?: string
  readonly wait?: string
  readonly as?: string
  readonly json?: boolean
}

export const defineRequest: Define = (command, act) => {
  command
    .description('Calls a capability of an agent; the answer goes to stdout as it comes.')
    .usage('--target AGENT --capability C [--payload P] [--as NAME]')
    .requiredOption('--target <agent>', 'an id, the first 6 or more characters of one, or a name')
    .requiredOption('--capability <c>', 'what is asked for')
    .option('--payload <p>', 'JSON, @FILE for its bytes, or - for stdin')
    .option('--content-type <t>', 'what the payload is (default: by its form and file name)')
    .option('--stream', 'one line per message of a streamed answer')
    .option('--timeout <d>', 'give up after this long: 500ms, 30s, 5m')
    .option('--wait <d>', 'wait this long for an agent that is offline')
    .action(act(request))
    .addHelpText(
      'after',
      helpEnd(
        [
          `meshctl request --as alice --target bob --capability echo --payload '{"a":1}'`,
          'meshctl request --target bob --capability resize --payload @a.png > b.png',
          'date | meshctl request --target bob --capability echo --payload - --timeout 5s',
        ],
        {
          5: 'no such agent',
          6: 'denied',
          7: 'unreachable or offline',
          8: 'timeout',
          9: 'the agent failed',
          130: 'canceled',
        },
      ),
    )
}

async function request(invocation: Invocation, options: RequestOptions): Promise<void> {
  const { io, signal } = invocation
  const { target, capability } = options
  parseAgentWord(target, '--target')
  if (options.as !== undefined) parseAgentWord(options.as, '--as')
  if (!isCapability(capability)) {
    throw new MeshError('usage', `--capability ${JSON.stringify(capability)} ${capabilityRule}`)
  }
  const timeoutMs = optionalDuration(options.timeout, '--timeout')
  const waitMs = optionalDuration(options.wait, '--wait')
  using payload = await openPayload(options.payload, options.contentType, io.stdin)
  const { body, type, bytes } = payload
  using progress = new Progress(io, `${target} to answer`)
  await using answer = await invocation.daemon().call(
    {
      target,
      capability,
      body: body instanceof Uint8Array ? body : progress.sending(body, bytes),
      ...(options.as === undefined ? {} : { as: options.as }),
      ...(type === undefined ? {} : { type }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(waitMs === undefined ? {} : { waitMs }),
    },
    { signal },
  )
  await writeAnswer(progress.receiving(answer), io, {
    stream: options.stream === true,
    json: options.json === true,
  })
}

function optionalDuration(text: string | undefined, option: string): number | undefined {
  return text === undefined ? undefined : parseDuration(text, option)
}
