import * as v from 'valibot'
import type { AgentId } from '../identity/agent-id.js'
import { coversCapability, isCapabilityPattern } from './names.js'
import { agentId, checkShape, text } from './shape.js'

/** An agent, or `*` for every agent. */
export type RulePrincipal = AgentId | '*'

/** "`from` may (or may not) invoke these capabilities on `to`." No rule, no call. */
export interface Rule {
  readonly id?: string | undefined
  readonly effect: 'allow' | 'deny'
  readonly from: RulePrincipal
  readonly to: RulePrincipal
  /** A capability's name, `*`, or `prefix.*`. */
  readonly capability: string
}

/** What someone wants to do. */
export interface Question {
  readonly caller: AgentId
  readonly target: AgentId
  /** A capability, or a letter's kind. */
  readonly capability: string
}

const principal = v.union([v.literal('*'), agentId], 'is neither an agent id nor "*"')

const shape = v.strictObject({
  id: v.optional(text((id) => id.length > 0 && id.length <= 64, 'is not 1 to 64 characters')),
  effect: v.picklist(['allow', 'deny'], 'is neither "allow" nor "deny"'),
  from: principal,
  to: principal,
  capability: text(isCapabilityPattern, 'is not a capability, "*" or "prefix.*"'),
})

/** Reads a rule from a feed or a file; throws 'invalid' naming the field. */
export function parseRule(value: unknown, what = 'rule'): Rule {
  return checkShape(shape, value, what)
}

/** Whether the rule says anything about the question. */
export function ruleApplies(rule: Rule, { caller, target, capability }: Question): boolean {
  return (
    (rule.from === '*' || rule.from === caller) &&
    (rule.to === '*' || rule.to === target) &&
    coversCapability(rule.capability, capability)
  )
}
