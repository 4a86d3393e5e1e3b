import {
  type Child,
  FaultyProxy,
  HttpAgent,
  type HttpCall,
  MeshHome,
  MeshServer,
  type Result,
} from '@agent-mesh/testkit'

export interface PairOptions {
  /** Each daemon reaches the server through a proxy of its own. */
  readonly isProxied?: boolean
}

/**
 * A server and two daemons: alice, who calls, and bob, whose capability `work` is answered by the
 * test itself. A rule allows it. All of it is gone when it is disposed.
 */
export class Pair implements AsyncDisposable {
  readonly server: MeshServer
  readonly alice: MeshHome
  readonly bob: MeshHome
  /** Bob's program. */
  readonly agent: HttpAgent
  readonly #proxies: readonly FaultyProxy[]

  private constructor(
    parts: Pick<Pair, 'server' | 'alice' | 'bob' | 'agent'>,
    proxies: readonly FaultyProxy[],
  ) {
    this.server = parts.server
    this.alice = parts.alice
    this.bob = parts.bob
    this.agent = parts.agent
    this.#proxies = proxies
  }

  static async start({ isProxied = false }: PairOptions = {}): Promise<Pair> {
    const proxies = isProxied ? [await FaultyProxy.listen(), await FaultyProxy.listen()] : []
    const urls = proxies.map(({ url }) => url)
    const server = await MeshServer.start({ publicUrls: urls })
    for (const proxy of proxies) proxy.target = server.address
    const [alice, bob, agent] = await Promise.all([
      MeshHome.loggedIn(server, urls[0]),
      MeshHome.loggedIn(server, urls[1]),
      HttpAgent.start(),
    ])
    const pair = new Pair({ server, alice, bob, agent }, proxies)
    try {
      await Promise.all([
        alice.ok('up', '--name', 'alice'),
        bob.ok('up', '--name', 'bob', '--capability', 'work', '--http', agent.url),
      ])
      await alice.ok('acl', 'allow', '--from', 'alice', '--to', 'bob', '--capability', '*')
    } catch (error) {
      await pair[Symbol.asyncDispose]()
      throw error
    }
    return pair
  }

  /** What stands between alice's daemon and the server, and bob's. Only in a proxied pair. */
  get wires(): { readonly alice: FaultyProxy; readonly bob: FaultyProxy } {
    const [alice, bob] = this.#proxies
    if (alice === undefined || bob === undefined) throw new Error('this pair has no proxies')
    return { alice, bob }
  }

  /** Calls bob's `work` to its end, by hand of the test that answers it. */
  async work(...more: readonly string[]): Promise<Result> {
    return this.alice.run(workArgs(...more))
  }

  /** Starts a call of bob's `work`, and waits until it is in the hands of the test. */
  async ask(...more: readonly string[]): Promise<Asked> {
    const run = this.alice.start(workArgs(...more))
    return { run, call: await this.arrival(run) }
  }

  /** The call that a command makes. @throws Error what the command said when it ends without */
  async arrival(run: Child): Promise<HttpCall> {
    const over = run.exit.then(({ code }) => {
      throw new Error(`the call ended with ${code} before it arrived: ${run.stderr}`)
    })
    return Promise.race([this.agent.nextCall(), over])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The agent goes last of them: a daemon lets the calls under way come to their end.
    await Promise.all([this.alice, this.bob].map((home) => home[Symbol.asyncDispose]()))
    for (const part of [this.agent, this.server, ...this.#proxies]) {
      await part[Symbol.asyncDispose]()
    }
  }
}

/** A call under way, from both ends. */
export interface Asked {
  readonly run: Child
  readonly call: HttpCall
}

/** The words of a call of bob's `work`. */
export function workArgs(...more: readonly string[]): string[] {
  return ['request', '--as', 'alice', '--target', 'bob', '--capability', 'work', ...more]
}
