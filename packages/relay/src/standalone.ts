import { rename, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRegistryClient } from '@agent-mesh/api'
import { MeshError, systemClock } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { getRequestListener } from '@hono/node-server'
import { Registry } from 'prom-client'
import { createApp } from './app.js'
import type { RelayConfig } from './config.js'
import { type EventLog, RelayEvents } from './events.js'
import type { Gate } from './gate.js'
import { AdmissionGate } from './gates/admission-gate.js'
import { ListedGate } from './gates/listed-gate.js'
import { learnRegistryKey } from './gates/registry-key.js'
import { processLimits } from './limits.js'
import { registerRelayMetrics } from './metrics.js'
import { Relay } from './relay.js'
import { createRelayUpgrade } from './upgrade.js'

/** A relay alone in its process: its port, its pages, and where it learns whom to admit. */
export class StandaloneRelay implements AsyncDisposable {
  /** `http://127.0.0.1:41234`, without a trailing slash. */
  readonly url: string
  readonly relay: Relay
  readonly #server: Server
  readonly #stop: AbortController

  private constructor(parts: { url: string; relay: Relay; server: Server; stop: AbortController }) {
    this.url = parts.url
    this.relay = parts.relay
    this.#server = parts.server
    this.#stop = parts.stop
  }

  /** Serves when this resolves. @throws MeshError `config` when it cannot. */
  static async start(config: RelayConfig, log: EventLog): Promise<StandaloneRelay> {
    const stop = new AbortController()
    // Before the port is taken, so that a bad registry URL is found first.
    const gate = createGate(config, { log, signal: stop.signal })
    const server = await listen(config).catch((error: unknown) => {
      stop.abort()
      throw error
    })
    const { url, origins } = namesOf(server, config)
    const events = new RelayEvents(log)
    const relay = new Relay({ gate, origins, crypto: nodeCrypto, clock: systemClock, log: events })
    serve(server, relay)
    const standalone = new StandaloneRelay({ url, relay, server, stop })
    try {
      if (config.readyFile !== undefined) await writeReady(config.readyFile, url)
    } catch (error) {
      await standalone[Symbol.asyncDispose]()
      throw error
    }
    log('info', 'relay.serving', { url, admits: config.admits.kind })
    return standalone
  }

  /** Lets clients move on, then ends everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.relay.drain(processLimits.drainMs)
    await this.relay[Symbol.asyncDispose]()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }
}

function createGate(
  { admits, insecureHttp }: RelayConfig,
  { log, signal }: { log: EventLog; signal: AbortSignal },
): Gate {
  if (admits.kind === 'listed') return new ListedGate(admits.agents)
  const client = createRegistryClient({ baseUrl: admits.url, insecureHttp })
  const gate = new AdmissionGate({
    crypto: nodeCrypto,
    clock: systemClock,
    maxAgents: processLimits.admittedAgents,
  })
  void learnRegistryKey(
    {
      client,
      found: (key) => {
        gate.trust(key)
        log('info', 'relay.registry-found', { registry: client.baseUrl })
      },
      failed: ({ code, message }, retryMs) => {
        log('warn', 'relay.registry-unreachable', { code, reason: message, retryMs })
      },
      firstRetryMs: processLimits.registryFirstRetryMs,
      maxRetryMs: processLimits.registryMaxRetryMs,
      timeoutMs: processLimits.registryTimeoutMs,
    },
    signal,
  )
  return gate
}

async function listen({ listen: { host, port } }: RelayConfig): Promise<Server> {
  const server = createServer({
    maxHeaderSize: processLimits.headerBytes,
    headersTimeout: processLimits.headersMs,
    noDelay: true,
  })
  server.maxConnections = processLimits.connections
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `cannot listen on ${host}:${port}: ${cause.message}`
      reject(new MeshError('config', message, { cause }))
    })
    server.listen({ host, port }, resolve)
  })
  return server
}

function namesOf(server: Server, config: RelayConfig): { url: string; origins: readonly string[] } {
  const { address, family, port } = server.address() as AddressInfo
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  if (config.publicOrigins.length > 0) return { url, origins: config.publicOrigins }
  return { url, origins: [url, `http://localhost:${port}`] }
}

function serve(server: Server, relay: Relay): void {
  const metrics = new Registry()
  registerRelayMetrics(metrics, relay)
  const app = createApp({ relay, metrics })
  const listener = getRequestListener(
    (request, { incoming }) => app(request, incoming.socket.remoteAddress ?? ''),
    { overrideGlobalObjects: false },
  )
  server.on('request', (request, response) => void listener(request, response))
  server.on('upgrade', createRelayUpgrade(relay))
}

/** Whole or not at all: whoever sees the file can use what is in it. */
async function writeReady(path: string, url: string): Promise<void> {
  try {
    await writeFile(`${path}.tmp`, url)
    await rename(`${path}.tmp`, path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MeshError('config', `${path} cannot be written: ${reason}`, { cause })
  }
}
