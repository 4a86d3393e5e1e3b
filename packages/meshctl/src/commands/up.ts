import { resolve } from 'node:path'
import { cwd } from 'node:process'
import type { AgentStatus, LocalClient, UpRequest } from '@agent-mesh/api/local'
import { createKeypair, MeshError, shortId } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import {
  type AgentOptions,
  collect,
  importedKey,
  parseCapabilities,
  parseDescription,
  parseName,
} from '../agent-options.js'
import { displayPath } from '../config.js'
import { ensureDaemon } from '../daemon-process.js'
import type { Context } from '../home/contexts.js'
import { ensureKey } from '../home/key-file.js'
import type { Invocation } from '../invocation.js'
import type { Define } from '../program.js'
import { type Registered, register } from '../registration.js'
import { helpEnd } from '../usage.js'

interface UpOptions extends AgentOptions {
  readonly http?: string
}

export const defineUp: Define = (command, act) => {
  command
    .description('Brings an agent online, starting the daemon if needed; again, it changes it.')
    .usage('--name NAME [--capability C]… [--http URL | -- COMMAND…]')
    .option('--name <name>', 'what it is called in its group')
    .option('--capability <c>', 'what it can do; several times for several', collect)
    .option('--description <text>', 'what it does, in one sentence')
    .option('--http <url>', 'calls are POSTed to this URL')
    .option('--key-file <file>', 'use this key instead of a new one')
    .allowExcessArguments()
    .action(act(up))
    .addHelpText(
      'after',
      [
        '',
        'After --, a command that is run for every call: the body on stdin, its stdout is',
        'the answer. Without command and URL the agent can call and cannot be called.',
        'Options not given keep their value. Without --name, the daemon starts with the',
        'agents it has.',
        helpEnd(
          [
            'meshctl up --name bob --capability echo -- cat',
            'meshctl up --name planner --capability plan --http http://127.0.0.1:9000',
            'meshctl up --name alice',
          ],
          { 2: 'the name belongs to another key', 4: 'you are not logged in', 7: 'no server' },
        ),
      ].join('\n'),
    )
}

async function up(
  invocation: Invocation,
  options: UpOptions,
  operands: readonly string[],
): Promise<void> {
  if (operands.length > 0) {
    throw new MeshError('usage', `${JSON.stringify(operands[0])} stands before --`, {
      hint: `meshctl up --name NAME -- ${operands.join(' ')}`,
    })
  }
  const program = parseProgram(options, invocation.afterDashes)
  if (options.name === undefined) {
    await startOnly(invocation, options, program)
    return
  }
  const name = parseName(options.name)
  const capabilities = parseCapabilities(options)
  const description = parseDescription(options)
  const context = await invocation.context()
  const registry = await invocation.registry()
  const key = await ensureKey(
    invocation.settings.home,
    name,
    await importedKey(options, invocation),
  )
  const keypair = createKeypair(key.secret, nodeCrypto)
  const { output, signal } = invocation
  const place = key.isNew ? ` (new, ${displayPath(key.path)})` : ''
  output.step('key', `${shortId(keypair.id)}${place}`)

  const wanted = { name, capabilities, description }
  const registered = await register(registry, keypair, wanted, { signal })
  output.step('registered', describeRegistered(registered))

  const rules = await ensureRulesSetting(invocation)
  const client = await startDaemon(invocation)
  const agent = await client.up(upRequest({ name, context, registered, program }), { signal })
  output.step('relay', describeLink(agent))
  if (rules !== undefined) output.step('rules', rules)
  if (output.isJson) output.json(agent)
  else output.note(nextStep(agent))
}

type UpProgram = NonNullable<UpRequest['program']>

function parseProgram(
  { http }: UpOptions,
  command: readonly string[] | undefined,
): UpProgram | undefined {
  if (http !== undefined && command !== undefined) {
    throw new MeshError('usage', '--http and a command after -- exclude each other')
  }
  if (http !== undefined) return { kind: 'http', url: parseHttpUrl(http) }
  if (command === undefined) return undefined
  if (command.length > 0 && command[0] !== '') {
    return { kind: 'exec', argv: [...command], cwd: cwd() }
  }
  throw new MeshError('usage', 'there is no command after --', {
    hint: 'meshctl up --name bob --capability echo -- cat',
  })
}

function parseHttpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text
  throw new MeshError('usage', `--http ${JSON.stringify(text)} is not an http or https URL`, {
    hint: '--http http://127.0.0.1:9000/agent',
  })
}

interface UpParts {
  readonly name: string
  readonly context: Context
  readonly registered: Registered
  readonly program: UpProgram | undefined
}

function upRequest({ name, context, registered, program }: UpParts): UpRequest {
  return {
    name,
    capabilities: [...registered.capabilities],
    server: context.server,
    group: registered.agent.group,
    insecureHttp: context.insecureHttp,
    ...(context.caFile === undefined ? {} : { caFile: resolve(context.caFile) }),
    ...(program === undefined ? {} : { program }),
  }
}

/** Starts the daemon with what it has, for after a reboot. */
async function startOnly(
  invocation: Invocation,
  options: UpOptions,
  program: UpProgram | undefined,
): Promise<void> {
  const saysMore = [options.capability, options.description, options.keyFile, program]
  if (saysMore.some((value) => value !== undefined)) {
    throw new MeshError('usage', '--name is missing', { hint: 'meshctl up --name bob …' })
  }
  const { output, signal } = invocation
  const client = await startDaemon(invocation)
  const agents = await client.agents({ signal })
  if (agents.length === 0) {
    throw new MeshError('usage', '--name is missing, and the daemon has no agents yet', {
      hint: 'meshctl up --name bob --capability echo -- cat',
    })
  }
  if (output.isJson) output.json({ agents })
  else
    output.note(`meshd serves ${agents.map(({ name }) => name).join(', ')}.  See:  meshctl status`)
}

async function startDaemon(invocation: Invocation): Promise<LocalClient> {
  const { client, pid, wasStarted } = await ensureDaemon(invocation)
  if (wasStarted) invocation.output.step('meshd', `running, pid ${pid}`)
  return client
}

/**
 * Whether registry rules count here is this user's to say. Absent, they do not; `up` says yes
 * where nothing was said yet, and tells. Undefined when there is nothing new to tell.
 */
async function ensureRulesSetting(invocation: Invocation): Promise<string | undefined> {
  const config = await invocation.config()
  const value = config.boolean('rules', 'follow_registry')
  const where = `(follow_registry in ${displayPath(config.path)})`
  if (value === false) return `local only ${where}`
  if (value === true) return undefined
  await config.set([['rules', 'follow_registry'], true])
  return `follow the registry ${where}`
}

function describeRegistered({ agent, capabilities }: Registered): string {
  const list = capabilities.length === 0 ? 'none' : capabilities.join(' ')
  return `${agent.name} · capabilities: ${list} · group ${agent.group}`
}

function describeLink({ link }: AgentStatus): string {
  return link.rttMs === null ? 'connected' : `connected, ${link.rttMs.toFixed(1)} ms`
}

function nextStep({ name, capabilities, program }: AgentStatus): string {
  const [first] = capabilities
  if (program === null || first === undefined) return `${name} is online.`
  const command = `meshctl acl allow --from NAME --to ${name} --capability ${first}`
  return `${name} is online. Let someone call it:\n  ${command}`
}
