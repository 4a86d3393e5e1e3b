import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AgentId } from '../identity/agent-id.js'
import { createKeypair, SecretKey } from '../identity/keypair.js'
import { nodeCrypto } from '../node/crypto.js'
import { capabilityNames, capabilityPatterns, rulesAmong } from '../testing/index.js'
import { type DirectoryView, decide } from './decide.js'
import { type Rule, ruleApplies } from './rule.js'

const [alice, bob, carol] = [1, 2, 3].map((fill) => {
  const seed = new Uint8Array(32).fill(fill)
  return createKeypair(SecretKey.fromSeed(seed), nodeCrypto).id
}) as [AgentId, AgentId, AgentId]

const question = { caller: alice, target: bob, capability: 'echo' }

function rule(effect: Rule['effect'], overrides: Partial<Rule> = {}): Rule {
  return { effect, from: alice, to: bob, capability: 'echo', ...overrides }
}

interface Known {
  readonly revoked?: readonly AgentId[]
  readonly group?: boolean
  readonly local?: readonly Rule[]
  readonly registry?: readonly Rule[]
}

function view({ revoked = [], group = true, local = [], registry = [] }: Known): DirectoryView {
  return {
    isRevoked: (id) => revoked.includes(id),
    shareGroup: () => group,
    localRules: () => local,
    registryRules: () => registry,
  }
}

const allow = rule('allow')
const deny = rule('deny')

describe('decide', () => {
  it('denies what no rule allows', () => {
    expect(decide(question, view({}))).toEqual({
      allowed: false,
      code: 'denied',
      by: { source: 'default' },
    })
  })

  it('names the rule that decided, and where it came from', () => {
    expect(decide(question, view({ local: [allow] }))).toEqual({
      allowed: true,
      by: { source: 'local', rule: allow },
    })
    expect(decide(question, view({ registry: [deny] }))).toEqual({
      allowed: false,
      code: 'denied',
      by: { source: 'registry', rule: deny },
    })
  })

  // Each row beats all below it; all that are below it are present as well.
  it.each([
    ['revoked', { revoked: [alice], group: false, local: [allow], registry: [allow] }, 'revoked'],
    ['revoked', { revoked: [bob], group: false, local: [allow], registry: [allow] }, 'revoked'],
    ['group', { group: false, local: [allow], registry: [allow] }, 'denied'],
    ['local', { local: [allow, deny], registry: [allow] }, 'denied'],
    ['local', { local: [allow], registry: [deny, allow] }, 'allowed'],
    ['registry', { registry: [allow, deny] }, 'denied'],
    ['registry', { registry: [allow] }, 'allowed'],
    ['default', {}, 'denied'],
  ] as const)('lets %s decide before whatever comes after it (%#)', (source, known, verdict) => {
    const decision = decide(question, view(known))
    expect(decision.by.source).toBe(source)
    expect(decision.allowed ? 'allowed' : decision.code).toBe(verdict)
  })

  it('applies rules to their own agents and capabilities alone', () => {
    const others = [
      rule('allow', { from: carol }),
      rule('allow', { to: carol }),
      rule('allow', { from: bob, to: alice }),
      rule('allow', { capability: 'echo2' }),
      rule('allow', { capability: 'echo.*' }),
    ]
    expect(decide(question, view({ local: others, registry: others })).by.source).toBe('default')
  })

  it('holds calls to oneself to the same rules', () => {
    const toSelf = { ...question, target: alice }
    expect(decide(toSelf, view({})).allowed).toBe(false)
    expect(decide(toSelf, view({ local: [rule('allow', { to: '*' })] })).allowed).toBe(true)
  })

  const questions = fc.record({
    caller: fc.constantFrom(alice, bob, carol),
    target: fc.constantFrom(alice, bob, carol),
    capability: fc.oneof(fc.constantFrom('a', 'a.b', 'a.b.c', 'b'), capabilityNames),
  })
  const patterns = fc.oneof(fc.constantFrom('*', 'a', 'a.*', 'a.b', 'a.b.*'), capabilityPatterns)
  const ruleLists = fc.array(rulesAmong([alice, bob, carol], patterns), { maxLength: 12 })

  it('never lets age or specificity matter: any order of the rules decides alike', () => {
    const shuffled = ruleLists.chain((rules) =>
      fc.tuple(
        fc.constant(rules),
        fc.shuffledSubarray(rules, { minLength: rules.length, maxLength: rules.length }),
      ),
    )
    fc.assert(
      fc.property(
        questions,
        shuffled,
        shuffled,
        (asked, [local, local2], [registry, registry2]) => {
          const one = decide(asked, view({ local, registry }))
          const other = decide(asked, view({ local: local2, registry: registry2 }))
          expect(verdictOf(other)).toEqual(verdictOf(one))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('never lets a narrower rule win over a broader one', () => {
    fc.assert(
      fc.property(questions, ruleLists, (asked, local) => {
        const broadDeny: Rule = { effect: 'deny', from: '*', to: '*', capability: '*' }
        expect(decide(asked, view({ local: [...local, broadDeny] })).allowed).toBe(false)
        const denied = local.some((one) => one.effect === 'deny' && ruleApplies(one, asked))
        const broadAllow: Rule = { ...broadDeny, effect: 'allow' }
        expect(decide(asked, view({ local: [...local, broadAllow] })).allowed).toBe(!denied)
      }),
      { numRuns: 300 },
    )
  })

  it('allows only by a rule that allows and applies, with no local deny', () => {
    fc.assert(
      fc.property(questions, ruleLists, ruleLists, (asked, local, registry) => {
        const decision = decide(asked, view({ local, registry }))
        if (!decision.allowed) return
        expect(decision.by.rule.effect).toBe('allow')
        expect(ruleApplies(decision.by.rule, asked)).toBe(true)
        expect(local.some((one) => one.effect === 'deny' && ruleApplies(one, asked))).toBe(false)
      }),
      { numRuns: 300 },
    )
  })
})

function verdictOf(decision: ReturnType<typeof decide>) {
  const code = decision.allowed ? 'allowed' : decision.code
  return { code, source: decision.by.source, effect: decision.by.rule?.effect }
}
