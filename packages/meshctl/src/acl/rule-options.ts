import { isCapabilityPattern, MeshError } from '@agent-mesh/core'
import { parseAgentWord } from '../agent-options.js'
import type { Output } from '../output.js'
import { printable } from '../printable.js'

/** What every acl command takes. */
export interface RuleOptions {
  readonly from?: string
  readonly to?: string
  readonly capability?: string
  readonly local?: boolean
}

export interface RuleWords {
  readonly from: string
  readonly to: string
  readonly capability: string
}

/** @throws MeshError `usage` naming what is missing */
export function requireWords({ from, to, capability }: RuleOptions): RuleWords {
  if (from !== undefined && to !== undefined && capability !== undefined) {
    return {
      from: parseAgentWord(from, '--from'),
      to: parseAgentWord(to, '--to'),
      capability: parsePattern(capability),
    }
  }
  const missing = Object.entries({ '--from': from, '--to': to, '--capability': capability })
    .filter(([, value]) => value === undefined)
    .map(([name]) => name)
  throw new MeshError('usage', `${missing.join(', ')} missing`, {
    hint: "--from alice --to bob --capability echo; '*' stands for any agent or capability",
  })
}

// A rule in rules.toml that the daemon could not read would keep it from starting.
function parsePattern(capability: string): string {
  if (isCapabilityPattern(capability)) return capability
  const what = `--capability ${JSON.stringify(capability)}`
  throw new MeshError('usage', `${what} is neither a capability, nor 'prefix.*', nor '*'`)
}

/** A rule with the names people know its ids by. */
export interface ShownRule {
  readonly id: string
  readonly effect: 'allow' | 'deny'
  readonly from: string
  readonly to: string
  readonly capability: string
}

export function tableOf(rules: readonly ShownRule[], output: Output): void {
  if (rules.length === 0) {
    output.note('There are no rules: every call is denied.')
    return
  }
  output.table(
    [
      { title: 'RULE' },
      { title: 'EFFECT' },
      { title: 'FROM', shrinks: true },
      { title: 'TO', shrinks: true },
      { title: 'CAPABILITY', shrinks: true },
    ],
    rules.map(({ id, effect, from, to, capability }) =>
      [id, effect, from, to, capability].map(printable),
    ),
  )
}
