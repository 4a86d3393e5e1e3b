import { createRegistryClient, type RegistryClient, registerAgent } from '@agent-mesh/api'
import {
  type CardStatement,
  createKeypair,
  type Keypair,
  SecretKey,
  signCard,
  systemClock,
} from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { RegistryEvents } from '../events.js'
import { createOwnerCode } from '../login/login-code.js'
import { Registry, type RegistryOptions } from '../registry.js'
import { openSqliteStore } from '../store/sqlite/sqlite-store.js'

export type TestRegistryOptions = Partial<RegistryOptions> & {
  /** Whose address requests come from. */
  readonly address?: string
}

export interface TestRegistry extends AsyncDisposable {
  readonly registry: Registry
  readonly options: RegistryOptions
  /** A client that reaches the registry without a port. */
  client(token?: string): RegistryClient
  /** A client logged in as owner, and its token. */
  owner(): Promise<{ client: RegistryClient; token: string }>
  /** A key, a new one if none is given, registered with this card. */
  agent(statement?: Partial<CardStatement>, keypair?: Keypair): Promise<Keypair>
  newKey(): Keypair
}

/** A registry that forgets, at http://127.0.0.1:8080 by default, and ways to use it. */
export function createTestRegistry(overrides: TestRegistryOptions = {}): TestRegistry {
  const { address = '127.0.0.1', ...given } = overrides
  const options: RegistryOptions = {
    store: openSqliteStore(':memory:'),
    crypto: nodeCrypto,
    clock: systemClock,
    events: new RegistryEvents(),
    origins: ['http://127.0.0.1:8080'],
    name: 'test',
    version: '0.0.0',
    ...given,
  }
  const { store, crypto, clock, origins } = options
  const registry = new Registry(options)
  const client = (token?: string) =>
    createRegistryClient({
      baseUrl: origins[0] ?? '',
      fetch: (url, init) => registry.fetch(new Request(url, init), { address }),
      ...(token === undefined ? {} : { token }),
    })
  const owner = async () => {
    const { code } = await createOwnerCode(store, crypto, clock.wall())
    const { token } = await client().login({ body: { code } })
    return { client: client(token), token }
  }
  const newKey = () => createKeypair(SecretKey.generate(crypto), crypto)
  let login: ReturnType<typeof owner> | undefined
  return {
    registry,
    options,
    client,
    owner,
    newKey,
    async agent(statement = {}, keypair = newKey()) {
      login ??= owner()
      const name =
        statement.name ?? `agent-${keypair.id.slice(0, 8).toLowerCase().replace(/[_-]/g, 'x')}`
      const card = signCard(keypair, { sequence: 1, capabilities: [], ...statement, name })
      await registerAgent((await login).client, { keypair, card, crypto })
      return keypair
    },
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]()
      store[Symbol.dispose]()
    },
  }
}
