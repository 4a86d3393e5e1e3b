/** What an agent does with its own key at a registry: fetch a nonce, sign it, send it. */
import {
  type AgentPurpose,
  agentRequestBytes,
  type Card,
  type Crypto,
  fromBase64url,
  type Keypair,
  maxAdmissionBytes,
  registrationBytes,
  type SignedBytes,
  signedFromText,
  signedToText,
  toBase64url,
} from '@agent-mesh/core'
import type { RegistryClient, RequestOptions } from './client.js'
import type { AgentView } from './schemas.js'

export interface RegistrationInput {
  readonly keypair: Keypair
  readonly card: Card
  readonly crypto: Crypto
}

/**
 * Registers an agent, or brings its card up to date, with the client's token.
 *
 * @throws MeshError `name-taken` · `invalid` for a card that is older than the registered one
 * (`details.sequence`) · `login-refused` when the client dialled a name the server does not accept
 */
export async function registerAgent(
  client: RegistryClient,
  { keypair, card, crypto }: RegistrationInput,
  options: RequestOptions = {},
): Promise<AgentView> {
  const { nonce } = await client.nonce({}, options)
  const bytes = registrationBytes(crypto, {
    origin: client.origin,
    nonce: fromBase64url(nonce, 'nonce'),
    card: card.signed.json,
  })
  const proof = toBase64url(keypair.sign('registration', bytes))
  const body = { card: signedToText(card.signed), nonce, proof }
  return (await client.register({ body }, options)).agent
}

/** An admission for this agent, to be shown to relays: signed by the registry, not yet verified. */
export async function requestAdmission(
  client: RegistryClient,
  keypair: Keypair,
  options: RequestOptions = {},
): Promise<SignedBytes> {
  const { nonce, signature } = await signRequest(client, keypair, 'admission', options)
  const body = { id: keypair.id, nonce, signature }
  const { admission } = await client.admission({ body }, options)
  return signedFromText(admission, maxAdmissionBytes)
}

/** Pass it as `authorization` to look agents up without a person's token; good for one request. */
export async function agentAuthorization(
  client: RegistryClient,
  keypair: Keypair,
  options: RequestOptions = {},
): Promise<string> {
  const { nonce, signature } = await signRequest(client, keypair, 'lookup', options)
  return `Mesh-Agent ${keypair.id}.${nonce}.${signature}`
}

async function signRequest(
  client: RegistryClient,
  keypair: Keypair,
  purpose: AgentPurpose,
  options: RequestOptions,
) {
  const { nonce } = await client.nonce({}, options)
  const bytes = agentRequestBytes({
    origin: client.origin,
    nonce: fromBase64url(nonce, 'nonce'),
    purpose,
  })
  return { nonce, signature: toBase64url(keypair.sign('agent-request', bytes)) }
}
