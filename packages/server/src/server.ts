import { feedPath } from '@agent-mesh/api'
import { type AgentId, systemClock } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { openSqliteStore, Registry, RegistryEvents, type Store } from '@agent-mesh/registry'
import { clientAddress, createRelayUpgrade, Relay, RelayEvents } from '@agent-mesh/relay'
import { createApp } from './app.js'
import type { ServerConfig } from './config.js'
import { remove, writeWhole } from './files.js'
import { greet } from './greeting.js'
import { HttpServer } from './http-server.js'
import type { Io } from './io.js'
import { limits } from './limits.js'
import type { Log } from './log.js'
import { createMetrics } from './metrics.js'
import { type Names, namesOf } from './names.js'
import { offerOwnerLogin } from './owner-login.js'
import { Teardown } from './teardown.js'
import { version } from './version.js'

export interface RunningServer extends AsyncDisposable {
  /** Base URL without trailing slash. */
  readonly url: string
}

export interface ServerParts {
  readonly config: ServerConfig
  readonly io: Io
  readonly log: Log
}

/**
 * Relay and registry on one port. Serves when this resolves; disposing drains the relay, says
 * goodbye on the feed, finishes answers and closes the database, in bounded time.
 *
 * @throws MeshError `config`
 */
export async function startServer({ config, io, log }: ServerParts): Promise<RunningServer> {
  const teardown = new Teardown()
  try {
    const { readyFile } = config
    // One that an earlier run left would tell scripts that this one serves already.
    if (readyFile !== undefined) await remove(readyFile)
    const store = openSqliteStore(config.dbPath, { exclusive: true })
    teardown.add(() => store[Symbol.dispose]())
    const http = await HttpServer.listen(config)
    teardown.add(() => http[Symbol.asyncDispose]())
    const names = namesOf(config, http.address)
    serveMesh({ store, http, names, log, teardown })
    const { dbPath, ownerLoginFile } = config
    const { url } = names
    greet(io, url, dbPath)
    await offerOwnerLogin({ store, crypto: nodeCrypto, io, log, url, dbPath, ownerLoginFile })
    log('info', 'server.serving', { version, url, origins: names.origins })
    if (readyFile !== undefined) {
      teardown.add(() => remove(readyFile))
      await writeWhole(readyFile, `${url}\n`)
    }
    return { url, [Symbol.asyncDispose]: () => teardown.run() }
  } catch (error) {
    await teardown.run()
    throw error
  }
}

interface MeshParts {
  readonly store: Store
  readonly http: HttpServer
  readonly names: Names
  readonly log: Log
  readonly teardown: Teardown
}

/** Not asynchronous: it has to be done before the first connection is looked at. */
function serveMesh({ store, http, names: { origins }, log, teardown }: MeshParts): void {
  const common = { crypto: nodeCrypto, clock: systemClock, origins }
  const events = new RegistryEvents(log)
  const presence = (agent: AgentId): boolean => relay.isOnline(agent)
  const facts = { name: 'agent-mesh', version, hasRelay: true }
  const registry = new Registry({ ...common, ...facts, store, events, presence })
  teardown.add(() => registry[Symbol.asyncDispose]())
  const relay = new Relay({ ...common, gate: registry.gate, log: new RelayEvents(log) })
  teardown.add(async () => {
    await relay.drain(limits.drainMs)
    await relay[Symbol.asyncDispose]()
  })
  const metrics = createMetrics({ registry, relay, events })
  const relayUpgrade = createRelayUpgrade(relay)
  http.serve({
    fetch: createApp({ registry, relay, metrics, clock: systemClock }),
    upgrade(request, socket, head) {
      const [path] = (request.url ?? '').split('?')
      const forwarded = request.headers['x-forwarded-for']?.toString()
      const address = clientAddress(request.socket.remoteAddress, forwarded)
      if (path === feedPath) registry.upgrade(request, socket, head, address)
      else relayUpgrade(request, socket, head)
    },
  })
}
