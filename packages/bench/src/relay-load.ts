// The clients of the relay benchmark, in one process: pairs of plain `ws` sockets that throw frames
// to and fro. It speaks the floor's dialect (a prefix of 32 bytes) and ours (login, then frames).

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import {
  agentIdBytes,
  ClientLogin,
  createKeypair,
  decodeRelayFrame,
  frameType,
  SecretKey,
} from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { WebSocket } from 'ws'
import { serve } from './worker.js'

export interface Connect {
  readonly kind: 'connect'
  readonly url: string
  readonly dialect: 'floor' | 'ours'
  /** Seeds of the agents' keys, two a pair, 32 bytes each. */
  readonly seeds: readonly Uint8Array[]
}

export interface Volley {
  readonly kind: 'volley'
  /** Bytes of each packet, without the routing prefix. */
  readonly size: number
  /** Frames that a client hands to its socket at once, and its partner answers at once. */
  readonly burst: number
  /** Frames to be forwarded by all pairs together. */
  readonly total: number
}

interface Client {
  readonly id: Uint8Array
  readonly socket: WebSocket
  /** Bytes in front of a packet: type (ours) and receiver. */
  prefix: Buffer
}

let clients: Client[] = []

serve((message: Connect | Volley) =>
  message.kind === 'connect' ? connect(message) : volley(message),
)

async function connect({ url, dialect, seeds }: Connect): Promise<number> {
  clients = await Promise.all(
    seeds.map((seed) => (dialect === 'floor' ? dialFloor(url, seed) : dialOurs(url, seed))),
  )
  clients.forEach((client, at) => {
    const partner = clients[at ^ 1] as Client
    const type = dialect === 'floor' ? [] : [frameType.send]
    client.prefix = Buffer.from([...type, ...partner.id])
  })
  return clients.length
}

async function dialFloor(url: string, seed: Uint8Array): Promise<Client> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  await once(socket, 'open')
  socket.send(seed)
  return { id: seed, socket, prefix: Buffer.alloc(0) }
}

async function dialOurs(url: string, seed: Uint8Array): Promise<Client> {
  const keypair = createKeypair(SecretKey.fromSeed(seed), nodeCrypto)
  const socket = new WebSocket(url, 'agent-mesh.v1', { perMessageDeflate: false })
  const login = new ClientLogin({ keypair, crypto: nodeCrypto, url, instance: randomBytes(16) })
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', function receive(bytes: Buffer) {
      const step = login.receive(decodeRelayFrame(bytes))
      if (step.kind === 'answer') return socket.send(step.frame)
      socket.off('message', receive)
      if (step.kind === 'accepted') resolve()
      else reject(new Error(`the relay refused: ${step.code}`))
    })
  })
  return { id: agentIdBytes(keypair.id), socket, prefix: Buffer.alloc(0) }
}

/** Lets every pair play until `total` frames were forwarded; the answer is how long it took, in ms. */
function volley({ size, burst, total }: Volley): Promise<number> {
  const payload = randomBytes(size)
  let received = 0
  return new Promise((resolve) => {
    const began = performance.now()
    const pending = new Map(clients.map((client) => [client, 0]))
    const throwBurst = (client: Client) => {
      const { _socket: tcp } = client.socket as WebSocket & { _socket: Socket }
      tcp.cork()
      for (let at = 0; at < burst; at++) client.socket.send(Buffer.concat([client.prefix, payload]))
      tcp.uncork()
    }
    for (const client of clients) {
      client.socket.removeAllListeners('message')
      client.socket.on('message', () => {
        received++
        if (received === total) resolve(performance.now() - began)
        const seen = (pending.get(client) ?? 0) + 1
        pending.set(client, seen % burst)
        if (seen === burst && received < total) throwBurst(client)
      })
    }
    clients.forEach((client, at) => {
      if (at % 2 === 0) throwBurst(client)
    })
  })
}
