import fc from 'fast-check'
import { nobleCrypto } from '../crypto/noble.js'
import type { AdmissionStatement } from '../directory/admission.js'
import type { CardStatement } from '../directory/card.js'
import type { Rule, RulePrincipal } from '../directory/rule.js'
import type { AgentId } from '../identity/agent-id.js'
import { createKeypair, type Keypair, SecretKey } from '../identity/keypair.js'
import { maxAdmissionMs } from '../limits.js'

/** Exactly `length` bytes. */
export function bytesOf(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length })
}

export const secretKeys: fc.Arbitrary<SecretKey> = bytesOf(32).map((seed) =>
  SecretKey.fromSeed(seed),
)

export const keypairs: fc.Arbitrary<Keypair> = secretKeys.map((secret) =>
  createKeypair(secret, nobleCrypto),
)

export const agentIds: fc.Arbitrary<AgentId> = keypairs.map(({ id }) => id)

/** Names of agents and groups. */
export const names = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/)

export const capabilityNames = fc.stringMatching(/^[a-z_][a-z0-9_/:-]{0,9}(\.[a-z]{1,5}){0,3}$/)

export const capabilityPatterns = fc.oneof(
  fc.constant('*'),
  capabilityNames,
  capabilityNames.map((name) => `${name}.*`),
)

/** Rules among a few agents, so that they meet. */
export function rulesAmong(
  ids: readonly AgentId[],
  capabilities: fc.Arbitrary<string> = capabilityPatterns,
): fc.Arbitrary<Rule> {
  const principal = fc.constantFrom<RulePrincipal>('*', ...ids)
  return fc.record({
    effect: fc.constantFrom('allow' as const, 'deny' as const),
    from: principal,
    to: principal,
    capability: capabilities,
  })
}

// JSON has no negative zero, so what is said goes through JSON once before it is compared.
const jsonObjects = fc
  .dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
  .map((object) => JSON.parse(JSON.stringify(object)) as typeof object)

const prose = fc.string({ unit: 'grapheme', maxLength: 60 })

export const cardStatements: fc.Arbitrary<CardStatement> = fc.record(
  {
    name: names,
    sequence: fc.maxSafeNat(),
    capabilities: fc.uniqueArray(
      fc.record(
        { name: capabilityNames, description: prose, input: jsonObjects, output: jsonObjects },
        { requiredKeys: ['name'] },
      ),
      { selector: ({ name }) => name, maxLength: 8 },
    ),
    description: prose,
    relays: fc.array(fc.webUrl({ validSchemes: ['ws', 'wss'] }), { maxLength: 8 }),
    presence: fc.constant('hidden' as const),
  },
  { requiredKeys: ['name', 'sequence', 'capabilities'] },
)

/** Admissions of `id` that are valid at `nowWall`. */
export function admissionStatements(
  id: AgentId,
  nowWall: number,
): fc.Arbitrary<AdmissionStatement> {
  return fc.record({
    id: fc.constant(id),
    groups: fc.array(names, { maxLength: 24 }),
    foreign: fc.array(names, { maxLength: 24 }),
    notBefore: fc.integer({ min: nowWall - maxAdmissionMs / 2, max: nowWall }),
    notAfter: fc.integer({ min: nowWall + 1, max: nowWall + maxAdmissionMs / 2 }),
  })
}
