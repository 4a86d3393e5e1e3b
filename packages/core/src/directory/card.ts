import * as v from 'valibot'
import type { Crypto } from '../crypto.js'
import { MeshError } from '../errors.js'
import type { AgentId } from '../identity/agent-id.js'
import type { Keypair } from '../identity/keypair.js'
import {
  maxCapabilities,
  maxCardBytes,
  maxCardRelays,
  maxDescriptionLength,
  maxSchemaDepth,
  maxUrlLength,
} from '../limits.js'
import {
  copySigned,
  type DocumentKind,
  openDocument,
  type SignedBytes,
  sameDocument,
  signDocument,
} from './document.js'
import { capabilityRule, isCapability, isName, nameRule } from './names.js'
import { agentId, checkShape, count, parseJson, prose, text } from './shape.js'

/** A JSON Schema: any object, nested no deeper than a reader's stack can bear. */
const jsonSchema = v.custom<JsonSchema>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    isShallow(value, maxSchemaDepth),
  `is not an object, or nested deeper than ${maxSchemaDepth}`,
)

const capability = v.strictObject({
  name: text(isCapability, capabilityRule),
  description: v.optional(prose(maxDescriptionLength)),
  input: v.optional(jsonSchema),
  output: v.optional(jsonSchema),
})

const body = v.strictObject({
  v: v.literal(1, 'is not 1'),
  id: agentId,
  name: text(isName, nameRule),
  sequence: count,
  capabilities: v.pipe(
    v.array(capability, 'is not a list'),
    v.maxLength(maxCapabilities, `has more than ${maxCapabilities}`),
    v.check((list) => hasDistinctNames(list), 'names one capability twice'),
  ),
  description: v.optional(prose(maxDescriptionLength)),
  relays: v.optional(
    v.pipe(
      v.array(text(isRelayUrl, 'is not a ws:// or wss:// URL'), 'is not a list'),
      v.maxLength(maxCardRelays, `has more than ${maxCardRelays}`),
    ),
  ),
  presence: v.optional(v.literal('hidden', 'is not "hidden"')),
})

const kind: DocumentKind<typeof body> = {
  name: 'card',
  context: 'card',
  schema: body,
  maxBytes: maxCardBytes,
}

export type JsonSchema = Readonly<Record<string, unknown>>

export interface Capability {
  readonly name: string
  readonly description?: string | undefined
  /** JSON Schemas of what goes in and comes out. */
  readonly input?: JsonSchema | undefined
  readonly output?: JsonSchema | undefined
}

/** What an agent says about itself. */
export interface CardStatement {
  readonly name: string
  /** Larger with every card of the agent; a reader keeps the largest it has seen. */
  readonly sequence: number
  readonly capabilities: readonly Capability[]
  readonly description?: string | undefined
  /** Home relays, in the order in which to try them. */
  readonly relays?: readonly string[] | undefined
  /** Hidden: nobody is told whether the agent is online. */
  readonly presence?: 'hidden' | undefined
}

declare const verified: unique symbol

/** A card whose agent's signature was verified; only `verifyCard` and `signCard` make one. */
export interface Card extends CardContents {
  readonly [verified]: true
}

interface CardContents extends CardStatement {
  readonly id: AgentId
  /** The document as signed: to store and to pass on. */
  readonly signed: SignedBytes
}

/** A card as it came: whoever sent it claims that it is `id`'s. */
export interface UnverifiedCard {
  readonly id: AgentId
  readonly signed: SignedBytes
}

/** Signs a card; throws 'invalid' naming the field that no reader would take. */
export function signCard(keypair: Keypair, statement: CardStatement): Card {
  const signed = signDocument(kind, keypair, { v: 1, id: keypair.id, ...statement })
  return cardOf(parseJsonCard(signed), signed)
}

const claim = v.object({ id: agentId })

/**
 * Whose card this claims to be. A card names its own signer, so its JSON has to be looked into
 * before the signature can be verified: for the id, and for nothing else.
 */
export function readCard(signed: SignedBytes): UnverifiedCard {
  if (signed.json.length > maxCardBytes) {
    throw new MeshError('invalid', `the card has more than ${maxCardBytes} bytes`)
  }
  const { id } = checkShape(claim, parseJson(signed.json, 'card'), 'card')
  return { id, signed: copySigned(signed) }
}

/** Throws 'invalid' where the agent did not sign it, or signed what no card may say. */
export function verifyCard(crypto: Crypto, card: UnverifiedCard): Card {
  const statement = openDocument(kind, crypto, card.id, card.signed)
  if (statement === undefined || statement.id !== card.id) {
    throw new MeshError('invalid', 'the card is not signed by its agent')
  }
  return cardOf(statement, card.signed)
}

/**
 * What to do with a card of an agent whose card `known` is held: 'newer' takes its place, 'same'
 * is the one already held, 'stale' is refused. Two different cards with one sequence: the first
 * stays, whichever it was.
 */
export function succession(known: Card, card: Card): 'newer' | 'same' | 'stale' {
  if (card.id !== known.id) throw new MeshError('internal', 'two cards of different agents')
  if (card.sequence > known.sequence) return 'newer'
  return sameDocument(card.signed, known.signed) ? 'same' : 'stale'
}

function parseJsonCard(signed: SignedBytes) {
  return checkShape(body, parseJson(signed.json, 'card'), 'card')
}

function cardOf({ v: _, ...statement }: v.InferOutput<typeof body>, signed: SignedBytes): Card {
  const contents: CardContents = { ...statement, signed }
  return contents as Card
}

function hasDistinctNames(capabilities: readonly { name: string }[]): boolean {
  return new Set(capabilities.map(({ name }) => name)).size === capabilities.length
}

function isRelayUrl(url: string): boolean {
  return url.length <= maxUrlLength && URL.canParse(url) && /^wss?:$/.test(new URL(url).protocol)
}

/** Level by level, without recursion: the nesting is a stranger's choice. */
function isShallow(value: object, depth: number): boolean {
  let level: object[] = [value]
  for (let at = 0; level.length > 0; at++) {
    if (at === depth) return false
    level = level
      .flatMap((container) => Object.values(container) as unknown[])
      .filter((child): child is object => typeof child === 'object' && child !== null)
  }
  return true
}
