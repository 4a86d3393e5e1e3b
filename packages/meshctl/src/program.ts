import { Command, CommanderError } from 'commander'
import { markAll, markIds, unmark } from './dashed-operands.js'
import type { Invocation } from './invocation.js'
import { type Io, OutputLost, type Sink } from './io.js'
import { firstMinute, usageOf } from './usage.js'
import { protocol, version } from './version.js'

/** Makes a commander action of a command's function: the one place where options get a type. */
export type Act = <Options>(
  run: (invocation: Invocation, options: Options, operands: readonly string[]) => Promise<void>,
) => (...args: unknown[]) => Promise<void>

/** What each file in `commands/` exports: its options, examples and action. */
export type Define = (command: Command, act: Act) => void

interface Entry {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<Define>
}

// The modules are loaded when their command is called: `--version` and a typo pay for none.
const entries: readonly Entry[] = [
  {
    name: 'login',
    summary: 'log in to a server',
    load: async () => (await import('./commands/login.js')).defineLogin,
  },
  {
    name: 'up',
    summary: 'bring an agent online, or change it',
    load: async () => (await import('./commands/up.js')).defineUp,
  },
  {
    name: 'down',
    summary: 'take an agent, or all of them and the daemon, offline',
    load: async () => (await import('./commands/down.js')).defineDown,
  },
  {
    name: 'request',
    summary: 'call a capability of an agent',
    load: async () => (await import('./commands/request.js')).defineRequest,
  },
  {
    name: 'acl',
    summary: 'say who may call what',
    load: async () => (await import('./commands/acl.js')).defineAcl,
  },
  {
    name: 'status',
    summary: 'show the daemon, its agents and their links',
    load: async () => (await import('./commands/status.js')).defineStatus,
  },
  {
    name: 'discover',
    summary: 'find agents by capability, name or words',
    load: async () => (await import('./commands/discover.js')).defineDiscover,
  },
  {
    name: 'show',
    summary: 'show one agent and what it can do',
    load: async () => (await import('./commands/show.js')).defineShow,
  },
  {
    name: 'register',
    summary: 'register an agent that runs without the daemon',
    load: async () => (await import('./commands/register.js')).defineRegister,
  },
  {
    name: 'keygen',
    summary: 'make a key for an agent',
    load: async () => (await import('./commands/keygen.js')).defineKeygen,
  },
  {
    name: 'version',
    summary: 'show the versions of client, daemon and server',
    load: async () => (await import('./commands/version.js')).defineVersion,
  },
]

/**
 * Runs one command line.
 *
 * @param argv the words after the program's name
 * @returns the exit code; nothing is thrown
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const code = await answer(argv, io)
  await isFlushed(io.stdout)
  if (code !== 0 || !(io.signal.reason instanceof OutputLost)) return code
  const { reportFailure } = await import('./exit.js')
  return reportFailure(io, io.signal.reason, { json: argv.includes('--json') })
}

/** Fulfils when what was written is out, or never will be. */
function isFlushed(sink: Sink): Promise<void> {
  return new Promise((resolve) => void sink.write('', () => resolve()))
}

async function answer(argv: readonly string[], io: Io): Promise<number> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    io.stdout.write(`meshctl ${version} (protocol ${protocol})\n`)
    return 0
  }
  if (argv.length === 0) {
    io.stdout.write(firstMinute)
    return 0
  }
  const separator = argv.indexOf('--')
  const words = separator < 0 ? argv : argv.slice(0, separator)
  const afterDashes = separator < 0 ? undefined : argv.slice(separator + 1)
  try {
    return await run({ words, afterDashes, io })
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const { reportFailure } = await import('./exit.js')
    const failure = error instanceof CommanderError ? await usageError(error, words) : error
    return reportFailure(io, failure, { json: words.includes('--json') })
  }
}

interface CommandLine {
  readonly words: readonly string[]
  readonly afterDashes: readonly string[] | undefined
  readonly io: Io
}

async function run({ words, afterDashes, io }: CommandLine): Promise<number> {
  const name = commandName(words)
  const takesCommand = name === 'up'
  const operands = takesCommand ? [] : markAll(afterDashes ?? [])
  const program = defineProgram(io)
  let exitCode = 0
  for (const entry of entries) {
    const command = program
      .command(entry.name)
      .summary(entry.summary)
      .helpOption('-h, --help', 'show this')
    if (entry.name !== name) continue
    const define = await entry.load()
    const finish = (code: number) => {
      exitCode = code
    }
    define(command, actionFor({ words, afterDashes, io }, finish))
  }
  const isKnown = name === undefined || entries.some((entry) => entry.name === name)
  // The help of a command that does not exist would be that of meshctl, as if all were well.
  const asked = isKnown ? words : words.filter((word) => !helpWords.has(word))
  await program.parseAsync([...markIds(asked), ...operands], { from: 'user' })
  return exitCode
}

function defineProgram(io: Io): Command {
  return new Command('meshctl')
    .description(
      'The command line of agent-mesh, a network for AI agents, encrypted from end to end.',
    )
    .usage('COMMAND [options]')
    .version(`meshctl ${version} (protocol ${protocol})`, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this')
    .helpCommand('help [command]', 'show the help of a command')
    .option('--server <url>', 'the server, when it is not the one you logged in to last')
    .option('--cp-url <url>', 'the same as --server')
    .option('--as <name>', 'the local agent that speaks (optional when there is one)')
    .option('--json', 'one JSON document on stdout; errors as JSON on stderr')
    .option('--wide', 'whole ids, and tables as wide as they are')
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .option('--ca-file <file>', "certificates (PEM) to trust beside the system's")
    .option('--insecure-http', 'let tokens travel over plain HTTP to other machines')
    .addHelpText('after', '\nThe first minute: meshctl\nOne command:      meshctl COMMAND --help')
    .configureHelp({ showGlobalOptions: true, helpWidth: 80 })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      // Usage errors are told by exit.ts, in the shape of every other error.
      writeErr: () => {},
    })
    .exitOverride()
}

interface RawGlobals {
  readonly server?: string
  readonly cpUrl?: string
  readonly as?: string
  readonly json?: boolean
  readonly wide?: boolean
  readonly caFile?: string
  readonly insecureHttp?: boolean
}

function actionFor(
  { words, afterDashes, io }: CommandLine,
  finish: (exitCode: number) => void,
): Act {
  return <Options>(
    body: (invocation: Invocation, options: Options, operands: readonly string[]) => Promise<void>,
  ) =>
    async (...args: unknown[]) => {
      const command = args.at(-1) as Command
      const { Invocation } = await import('./invocation.js')
      const { Output, wantsColor } = await import('./output.js')
      const { readSettings } = await import('./config.js')
      const options = unmarkAll(command.optsWithGlobals())
      const { json, wide, cpUrl, ...globals } = options as RawGlobals
      const server = globals.server ?? cpUrl
      const output = new Output(io, {
        json: json === true,
        wide: wide === true,
        color: wantsColor(io, words),
      })
      const invocation = new Invocation({
        io,
        output,
        settings: readSettings(io.env),
        globals: { ...globals, ...(server === undefined ? {} : { server }) },
        afterDashes,
      })
      await body(invocation, options as Options, unmark(command.args))
      finish(invocation.exitCode)
    }
}

function unmarkAll(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, unmark(value)]))
}

const helpWords = new Set(['help', '-h', '--help'])

const globalsWithValue = new Set(['--server', '--cp-url', '--as', '--ca-file'])

/** The first word that is neither an option nor the value of a global one. */
function commandName(words: readonly string[]): string | undefined {
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    if (globalsWithValue.has(word)) index += 1
    else if (word !== 'help' && !word.startsWith('-')) return word
  }
  return undefined
}

async function usageError(error: CommanderError, words: readonly string[]): Promise<Error> {
  const { MeshError } = await import('@agent-mesh/core')
  const known = entries.some(({ name }) => name === commandName(words))
  const { message, suggestion } = usageOf(error)
  const help = known ? `meshctl ${commandName(words)} --help` : 'meshctl --help'
  const hint = suggestion === undefined ? help : `did you mean ${suggestion}?  ${help}`
  return new MeshError('usage', message, { hint })
}
