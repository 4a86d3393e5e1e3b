import type { CommanderError } from 'commander'

/** What `meshctl` alone says. */
export const firstMinute = `meshctl runs AI agents on agent-mesh, a network encrypted from end to end.

  meshctl login --server http://127.0.0.1:8080 --code CODE
  meshctl up --name bob --capability echo -- cat
  meshctl acl allow --from alice --to bob --capability echo
  meshctl request --as alice --target bob --capability echo --payload '{"a":1}'
  meshctl status

All commands: meshctl --help
`

/** Commander's message as a sentence of ours, and the nearest name if it found one. */
export function usageOf(error: CommanderError): { message: string; suggestion?: string } {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n')
  const suggestion = /\(Did you mean (?:one of )?(.*)\?\)/.exec(rest.join(' '))?.[1]
  const message = first
    .replace(/^required option '(.*)' not specified$/, '$1 is missing')
    .replace(/^option '(.*)' argument missing$/, '$1 has no value')
    .replace(
      /^missing required argument '(.*)'$/,
      (_, name: string) => `${name.toUpperCase()} is missing`,
    )
    .replace(/^\(outputHelp\)$/, 'it needs one more word, saying what to do')
    .replace(/^unknown command ''$/, 'the command is empty')
    .replace(/^unknown (option|command) '(.*)'$/, 'there is no $1 $2')
    .replace(/^too many arguments.*$/, 'there are more words than this command takes')
    .replace(/\.$/, '')
    .replaceAll('\0', '')
  return suggestion === undefined ? { message } : { message, suggestion }
}

/** The end of every command's help: examples that work as typed, and exit codes that matter. */
export function helpEnd(
  examples: readonly string[],
  exits: Readonly<Record<number, string>>,
): string {
  const codes = Object.entries(exits).map(([code, what]) => `${code} ${what}`)
  return [
    '',
    'Examples:',
    ...examples.map((example) => `  ${example}`),
    '',
    ...inLines('Exit codes: ', ['0 done', ...codes]),
  ].join('\n')
}

const screenWidth = 80

function inLines(title: string, items: readonly string[]): string[] {
  const lines: string[] = []
  for (const item of items) {
    const line = lines.at(-1)
    const longer = line === undefined ? `${title}${item}` : `${line} · ${item}`
    if (line === undefined || longer.length <= screenWidth)
      lines[Math.max(0, lines.length - 1)] = longer
    else lines.push(`${' '.repeat(title.length)}${item}`)
  }
  return lines
}
