// `acl test`: the receiver's own decision, made here from what this person may see. The rules of
// another machine's owner are not among that, and the answer says so.
import type { AgentView, RuleView } from '@agent-mesh/api'
import {
  createKeypair,
  type Decision,
  decide,
  isCapability,
  MeshError,
  parseRule,
  type Rule,
  ruleApplies,
} from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { displayPath } from '../config.js'
import { keyPath, readKey } from '../home/key-file.js'
import { RulesFile } from '../home/rules-file.js'
import type { Invocation } from '../invocation.js'
import { printable } from '../printable.js'
import { type RuleOptions, type RuleWords, requireWords } from './rule-options.js'

/** Prints whether the call would be allowed and by which rule; denied ends with 6. */
export async function testRule(invocation: Invocation, options: RuleOptions): Promise<void> {
  const words = requireWords(options)
  if (!isCapability(words.capability)) {
    throw new MeshError('usage', `--capability ${words.capability} is not one capability`)
  }
  const { output, signal } = invocation
  const registry = await invocation.registry()
  const [caller, target, { rules }] = await Promise.all([
    registry.agent({ params: { id: words.from } }, { signal }),
    registry.agent({ params: { id: words.to } }, { signal }),
    registry.rules(undefined, { signal }),
  ])
  const view = await viewOf(invocation, target, rules)
  const question = { caller: caller.id, target: target.id, capability: words.capability }
  const decision = decide(question, {
    isRevoked: () => false,
    shareGroup: () => caller.group === target.group,
    localRules: () => view.local,
    registryRules: () => (view.followsRegistry ? rules : []),
  })
  invocation.exitCode = decision.allowed ? 0 : 6
  if (output.isJson) {
    output.json({ ...decision, isTargetLocal: view.isTargetLocal })
    return
  }
  const count = view.local.length + (view.followsRegistry ? rules.length : 0)
  output.data(sentenceOf(decision, count))
  if (!decision.allowed && decision.by.rule === undefined) {
    explain(invocation, { question, rules })
    await sayHowToAllow(invocation, words, view)
  }
  if (!view.isTargetLocal) {
    output.note(
      `${printable(target.name)} runs elsewhere; its owner's own rules are not known here.`,
    )
  }
}

interface RulesInForce {
  readonly isTargetLocal: boolean
  readonly local: readonly Rule[]
  readonly followsRegistry: boolean
}

async function viewOf(
  invocation: Invocation,
  target: AgentView,
  rules: readonly RuleView[],
): Promise<RulesInForce> {
  const { home } = invocation.settings
  const secret = await readKey(keyPath(home, target.name))
  const isTargetLocal = secret !== undefined && createKeypair(secret, nodeCrypto).id === target.id
  if (!isTargetLocal) return { isTargetLocal, local: [], followsRegistry: rules.length > 0 }
  const local = (await RulesFile.read(home)).rules().map((rule) => parseRule(rule, 'rules.toml'))
  const config = await invocation.config()
  const followsRegistry = config.boolean('rules', 'follow_registry') === true
  return { isTargetLocal, local, followsRegistry }
}

function sentenceOf(decision: Decision, count: number): string {
  const { by } = decision
  if (by.rule !== undefined) {
    const { id, effect, capability } = by.rule
    const name = id === undefined ? "a rule of this machine's rules.toml" : `rule ${id}`
    const verb = effect === 'allow' ? 'allows' : 'denies'
    return `${decision.allowed ? 'allowed' : 'denied'}: ${name} ${verb} ${printable(capability)} (${by.source})`
  }
  if (by.source === 'group') return 'denied: they share no group'
  return `denied: no rule of ${count} allows it`
}

function explain(
  { output }: Invocation,
  {
    question,
    rules,
  }: {
    question: { caller: AgentView['id']; target: AgentView['id']; capability: string }
    rules: readonly RuleView[]
  },
): void {
  const nearest = rules.find(
    (rule) => rule.effect === 'allow' && ruleApplies({ ...rule, capability: '*' }, question),
  )
  if (nearest !== undefined) {
    const { id, fromName, toName, from, to, capability, createdBy } = nearest
    const sentence = printable(`${fromName ?? from} → ${toName ?? to}: ${capability}`)
    output.data(
      `  nearest: rule ${id} allows ${sentence} (registry, set by ${printable(createdBy)})`,
    )
  }
}

async function sayHowToAllow(
  invocation: Invocation,
  { from, to, capability }: RuleWords,
  { isTargetLocal, followsRegistry }: RulesInForce,
): Promise<void> {
  const { output } = invocation
  const isLocalOnly = isTargetLocal && !followsRegistry
  if (isLocalOnly) {
    const { path } = await invocation.config()
    output.data(
      `  this machine goes by its own rules ([rules] follow_registry in ${displayPath(path)})`,
    )
  }
  const command = `meshctl acl allow${isLocalOnly ? ' --local' : ''}`
  output.data(`  to allow: ${command} --from ${from} --to ${to} --capability ${capability}`)
}
