import { createRegistryClient, type RegistryClient, registerAgent } from '@agent-mesh/api'
import { createKeypair, type Keypair, SecretKey, signCard } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import {
  type CallHandler,
  type ConnectOptions,
  MeshAgent,
  MeshClient,
  type ServeOptions,
} from '@agent-mesh/sdk'
import { FaultyProxy, MeshServer } from '@agent-mesh/testkit'

export interface KnownAgent {
  readonly name: string
  readonly key: SecretKey
  readonly keypair: Keypair
}

type More<T> = Partial<Omit<T, 'key' | 'capabilities'>>

/** A real server, its owner, and agents of this process that talk through it. */
export class SdkWorld implements AsyncDisposable {
  readonly server: MeshServer
  readonly owner: RegistryClient
  /** The way to the server that agents take by default. */
  readonly url: string
  readonly #open: AsyncDisposable[] = []

  private constructor(server: MeshServer, owner: RegistryClient) {
    this.server = server
    this.owner = owner
    this.url = owner.baseUrl
  }

  static async start(): Promise<SdkWorld> {
    const server = await MeshServer.start()
    return SdkWorld.#of(server, `http://127.0.0.1:${server.port}`)
  }

  /** A world in which `count` agents can each have a faulty way to the server. */
  static async behindProxies(count: number): Promise<{ world: SdkWorld; proxies: FaultyProxy[] }> {
    const listening = Array.from({ length: count + 1 }, () => FaultyProxy.listen())
    const [sound, ...proxies] = await Promise.all(listening)
    if (sound === undefined) throw new Error('no proxy')
    const all = [sound, ...proxies]
    const server = await MeshServer.start({ publicUrls: all.map(({ url }) => url) })
    for (const proxy of all) proxy.target = server.address
    const world = await SdkWorld.#of(server, sound.url)
    for (const proxy of all) world.own(proxy)
    return { world, proxies }
  }

  static async #of(server: MeshServer, baseUrl: string): Promise<SdkWorld> {
    try {
      const code = await server.ownerCode()
      const { token } = await createRegistryClient({ baseUrl }).login({ body: { code } })
      return new SdkWorld(server, createRegistryClient({ baseUrl, token }))
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  /** A registered agent that is nowhere yet. */
  async know(name: string, capabilities: readonly string[] = []): Promise<KnownAgent> {
    const key = SecretKey.generate(nodeCrypto)
    const keypair = createKeypair(key, nodeCrypto)
    const card = signCard(keypair, {
      name,
      sequence: 1,
      capabilities: capabilities.map((capability) => ({ name: capability })),
    })
    await registerAgent(this.owner, { keypair, card, crypto: nodeCrypto })
    return { name, key, keypair }
  }

  async allow(from: string, to: string, capability = '*'): Promise<string> {
    const body = { effect: 'allow' as const, from, to, capability }
    return (await this.owner.addRule({ body })).rule.id
  }

  /** Connects as an agent; it ends with the world. */
  async connect({ key }: KnownAgent, more: More<ConnectOptions> = {}): Promise<MeshClient> {
    return this.own(await MeshClient.connect({ server: this.url, key, ...more }))
  }

  async serve(
    { key }: KnownAgent,
    capabilities: Readonly<Record<string, CallHandler>>,
    more: More<ServeOptions> = {},
  ): Promise<MeshAgent> {
    return this.own(await MeshAgent.serve({ server: this.url, key, capabilities, ...more }))
  }

  /** alice, who may call everything that bob serves. */
  async pair(
    capabilities: Readonly<Record<string, CallHandler>>,
    ways: { alice?: string; bob?: string } = {},
  ): Promise<{ alice: MeshClient; bob: MeshAgent }> {
    const bobKey = await this.know('bob', Object.keys(capabilities))
    const aliceKey = await this.know('alice')
    await this.allow('alice', 'bob')
    const bob = await this.serve(bobKey, capabilities, { server: ways.bob ?? this.url })
    const alice = await this.connect(aliceKey, { server: ways.alice ?? this.url })
    return { alice, bob }
  }

  /** Disposes it with the world, last in, first out. */
  own<T extends AsyncDisposable>(thing: T): T {
    this.#open.push(thing)
    return thing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const thing of this.#open.reverse()) await thing[Symbol.asyncDispose]()
    await this.server[Symbol.asyncDispose]()
  }
}
