import { MeshError, parseAgentId } from '@agent-mesh/core'
import { displayPath } from '../config.js'
import { type LocalRule, RulesFile, sameRule } from '../home/rules-file.js'
import type { Invocation } from '../invocation.js'
import { displayId } from '../output.js'
import { printable } from '../printable.js'
import { type RuleOptions, requireWords, tableOf } from './rule-options.js'

/** Adds a rule to this machine's `rules.toml` and has the daemon read it. */
export async function addLocalRule(
  invocation: Invocation,
  effect: 'allow' | 'deny',
  options: RuleOptions,
): Promise<void> {
  const { output, settings } = invocation
  const { rule, names } = await resolveRule(invocation, effect, options)
  const file = await RulesFile.read(settings.home)
  const isNew = await file.add(rule, names)
  const daemons = await reload(invocation)
  if (output.isJson) {
    output.json({ rule, file: file.path, daemons })
    return
  }
  const { from, to } = { from: names.from ?? rule.from, to: names.to ?? rule.to }
  const sentence = printable(`${effect} ${from} → ${to}: ${rule.capability}`)
  const where = `${isNew ? 'added to' : 'already in'} ${displayPath(file.path)}`
  output.done(`${sentence} · ${where} · in force on ${daemons} daemon${daemons === 1 ? '' : 's'}`)
}

export async function removeLocalRules(
  invocation: Invocation,
  number: string | undefined,
  options: RuleOptions,
): Promise<void> {
  const { output, settings } = invocation
  const file = await RulesFile.read(settings.home)
  const rules = file.rules()
  const indexes =
    number === undefined
      ? await indexesOf(invocation, rules, options)
      : [parseNumber(number, rules.length)]
  await file.remove(indexes)
  const daemons = await reload(invocation)
  const removed = indexes.map((index) => rules[index])
  if (output.isJson) output.json({ removed, file: file.path, daemons })
  else output.done(`${removed.length} removed from ${displayPath(file.path)}`)
}

export async function listLocalRules(invocation: Invocation): Promise<void> {
  const { output, settings } = invocation
  const rules = (await RulesFile.read(settings.home)).rules()
  if (output.isJson) {
    output.json(rules)
    return
  }
  const short = (principal: string) => (principal === '*' ? '*' : displayId(principal, output))
  tableOf(
    rules.map(({ from, to, ...rule }, index) => ({
      ...rule,
      id: String(index + 1),
      from: short(from),
      to: short(to),
    })),
    output,
  )
}

async function indexesOf(
  invocation: Invocation,
  rules: readonly LocalRule[],
  options: RuleOptions,
): Promise<number[]> {
  const { rule } = await resolveRule(invocation, 'allow', options)
  const indexes = rules.flatMap((other, index) =>
    sameRule({ ...other, effect: 'allow' }, rule) ? [index] : [],
  )
  if (indexes.length > 0) return indexes
  throw new MeshError('not-found', 'no rule of this machine says that', {
    hint: 'meshctl acl list --local',
  })
}

function parseNumber(text: string, count: number): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= count) return number - 1
  throw new MeshError('not-found', `this machine has no rule ${text}`, {
    hint: 'meshctl acl list --local',
  })
}

async function resolveRule(
  invocation: Invocation,
  effect: 'allow' | 'deny',
  options: RuleOptions,
): Promise<{ rule: LocalRule; names: { from?: string; to?: string } }> {
  const { capability, ...words } = requireWords(options)
  const from = await resolvePrincipal(invocation, words.from)
  const to = await resolvePrincipal(invocation, words.to)
  return {
    rule: { effect, from: from.id, to: to.id, capability },
    names: {
      ...(from.name === undefined ? {} : { from: from.name }),
      ...(to.name === undefined ? {} : { to: to.name }),
    },
  }
}

// Rules hold ids: a name can move to another key, and a rule must not move with it.
async function resolvePrincipal(
  invocation: Invocation,
  word: string,
): Promise<{ id: string; name?: string }> {
  if (word === '*') return { id: word }
  try {
    return { id: parseAgentId(word) }
  } catch {
    const { signal } = invocation
    const registry = await invocation.registry()
    const { id, name } = await registry.agent({ params: { id: word } }, { signal })
    return { id, name }
  }
}

/** How many daemons have the file now: the one of this machine, or none. */
async function reload(invocation: Invocation): Promise<number> {
  try {
    await invocation.daemon().reloadRules({ signal: invocation.signal })
    return 1
  } catch (error) {
    if (error instanceof MeshError && error.details?.['reason'] === 'not-running') return 0
    throw error
  }
}
