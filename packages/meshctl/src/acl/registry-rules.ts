import type { RuleView, Spread } from '@agent-mesh/api'
import { MeshError } from '@agent-mesh/core'
import type { Invocation } from '../invocation.js'
import { displayId, type Output } from '../output.js'
import { printable } from '../printable.js'
import { type RuleOptions, requireWords, tableOf } from './rule-options.js'

/** Adds a rule; ends when the daemons have it. */
export async function addRule(
  invocation: Invocation,
  effect: 'allow' | 'deny',
  options: RuleOptions,
): Promise<void> {
  const words = requireWords(options)
  const { output, signal } = invocation
  const registry = await invocation.registry()
  const answer = await registry.addRule({ body: { effect, ...words } }, { signal })
  if (output.isJson) output.json(answer)
  else tell('', answer, output)
}

/** Removes the rule of an id, or those that say what the options say. */
export async function removeRules(
  invocation: Invocation,
  id: string | undefined,
  options: RuleOptions,
): Promise<void> {
  const { output, signal } = invocation
  const registry = await invocation.registry()
  const ids = id === undefined ? await findRules(invocation, options) : [id]
  const answers = []
  for (const each of ids) {
    answers.push(await registry.removeRule({ params: { id: each } }, { signal }))
  }
  if (output.isJson) output.json(id === undefined ? answers : answers[0])
  else for (const answer of answers) tell(' removed', answer, output)
}

async function findRules(invocation: Invocation, options: RuleOptions): Promise<string[]> {
  const words = requireWords(options)
  const { signal } = invocation
  const registry = await invocation.registry()
  const { rules } = await registry.rules(undefined, { signal })
  const fits = (word: string, id: string, name: string | null) =>
    word === id || word === name || (word.length >= 6 && id.startsWith(word))
  const found = rules.filter(
    (rule) =>
      fits(words.from, rule.from, rule.fromName) &&
      fits(words.to, rule.to, rule.toName) &&
      rule.capability === words.capability,
  )
  if (found.length > 0) return found.map((rule) => rule.id)
  const { from, to, capability } = words
  throw new MeshError('not-found', `no rule says ${from} → ${to}: ${capability}`, {
    hint: 'meshctl acl list',
  })
}

export async function listRules(invocation: Invocation, options: RuleOptions): Promise<void> {
  const { output, signal } = invocation
  const registry = await invocation.registry()
  const { rules } = await registry.rules(undefined, { signal })
  const { from, to, capability } = options
  const chosen = rules.filter(
    (rule) =>
      (from === undefined || from === rule.from || from === rule.fromName) &&
      (to === undefined || to === rule.to || to === rule.toName) &&
      (capability === undefined || capability === rule.capability),
  )
  if (output.isJson) output.json(chosen)
  else
    tableOf(
      chosen.map((rule) => withNames(rule, output)),
      output,
    )
}

function withNames(rule: RuleView, output: Output) {
  return {
    ...rule,
    from: rule.fromName ?? displayPrincipal(rule.from, output),
    to: rule.toName ?? displayPrincipal(rule.to, output),
  }
}

function displayPrincipal(principal: string, output: Output): string {
  return principal === '*' ? '*' : displayId(principal, output)
}

function tell(
  verb: string,
  { rule, feed }: { rule: RuleView; feed: Spread },
  output: Output,
): void {
  const { id, effect, from, to, capability } = withNames(rule, output)
  const arrow = effect === 'allow' ? '→' : '↛'
  const sentence = printable(`${from} ${arrow} ${to}: ${capability}`)
  const count = `${feed.acknowledged} daemon${feed.acknowledged === 1 ? '' : 's'}`
  const reach = verb === '' ? `in force on ${count}` : `${count} told`
  output.done(`rule ${id}${verb}: ${sentence} · ${reach}`)
  if (feed.pending === 0) return
  const are = feed.pending === 1 ? 'daemon has' : 'daemons have'
  output.warn(`${feed.pending} ${are} not said yet that they know; they learn it when they can`)
}
