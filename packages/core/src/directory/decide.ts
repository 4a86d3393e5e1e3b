import type { AgentId } from '../identity/agent-id.js'
import { type Question, type Rule, ruleApplies } from './rule.js'

/** What the receiver knows; the answer depends on nothing else. */
export interface DirectoryView {
  isRevoked(id: AgentId): boolean
  shareGroup(a: AgentId, b: AgentId): boolean
  /** The rules of this machine's own `rules.toml`. */
  localRules(): readonly Rule[]
  /** The registry's rules; none while `follow_registry` is not true. */
  registryRules(): readonly Rule[]
}

export type Decision =
  | { readonly allowed: true; readonly by: { source: 'local' | 'registry'; rule: Rule } }
  | {
      readonly allowed: false
      readonly code: 'denied' | 'revoked'
      readonly by: {
        readonly source: 'revoked' | 'group' | 'local' | 'registry' | 'default'
        readonly rule?: Rule
      }
    }

/**
 * May `caller` invoke `capability` on `target`? The one place where that is answered.
 *
 * In this order: revoked, no common group, local deny, local allow, registry deny, registry allow,
 * deny. Neither the age of a rule nor how specific it is makes any difference; among rules that
 * decide alike, the first in its list is named.
 */
export function decide(question: Question, view: DirectoryView): Decision {
  const { caller, target } = question
  if (view.isRevoked(caller) || view.isRevoked(target)) {
    return { allowed: false, code: 'revoked', by: { source: 'revoked' } }
  }
  if (!view.shareGroup(caller, target)) return denied('group')
  return (
    decideBy('local', view.localRules(), question) ??
    decideBy('registry', view.registryRules(), question) ??
    denied('default')
  )
}

function decideBy(
  source: 'local' | 'registry',
  rules: readonly Rule[],
  question: Question,
): Decision | undefined {
  const applying = rules.filter((rule) => ruleApplies(rule, question))
  const deny = applying.find(({ effect }) => effect === 'deny')
  if (deny !== undefined) return denied(source, deny)
  const rule = applying.find(({ effect }) => effect === 'allow')
  return rule && { allowed: true, by: { source, rule } }
}

function denied(source: 'group' | 'local' | 'registry' | 'default', rule?: Rule): Decision {
  return { allowed: false, code: 'denied', by: rule ? { source, rule } : { source } }
}
