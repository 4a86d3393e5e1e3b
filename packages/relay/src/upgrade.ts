import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { relayPath, relaySubprotocol } from '@agent-mesh/core'
import { WebSocketServer } from 'ws'
import { clientAddress } from './client-address.js'
import type { Relay } from './relay.js'

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/**
 * A listener for an HTTP server's `upgrade` event that hands WebSockets at `/relay/ws` to the relay
 * and answers every other upgrade itself, in HTTP. The sockets it accepts belong to the relay.
 */
export function createRelayUpgrade(relay: Relay): UpgradeHandler {
  const { limits } = relay
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.maxMessageBytes,
    maxFragments: limits.maxFragments,
    maxBufferedChunks: limits.maxChunks,
    handleProtocols: () => relaySubprotocol,
  })
  return (request, socket, head) => {
    const refusal = refusalOf(request, relay)
    if (refusal) {
      answer(socket, refusal)
      return
    }
    // The challenge leaves in one segment with the upgrade.
    socket.cork()
    server.handleUpgrade(request, socket, head, (webSocket) => {
      relay.accept(webSocket, addressOf(request))
    })
    socket.uncork()
  }
}

function addressOf({ socket, headers }: IncomingMessage): string {
  const forwarded = headers['x-forwarded-for']
  return clientAddress(socket.remoteAddress, forwarded?.toString())
}

interface Refusal {
  status: string
  sentence: string
  headers?: readonly string[]
}

function refusalOf(request: IncomingMessage, relay: Relay): Refusal | undefined {
  const [path] = (request.url ?? '').split('?')
  if (path !== relayPath) {
    return { status: '404 Not Found', sentence: `no WebSocket here; the relay is at ${relayPath}` }
  }
  const offered = request.headers['sec-websocket-protocol'] ?? ''
  if (!offered.split(',').some((name) => name.trim() === relaySubprotocol)) {
    return {
      status: '400 Bad Request',
      sentence: `this relay speaks the WebSocket subprotocol ${relaySubprotocol}`,
    }
  }
  if (relay.status().state === 'serving') return undefined
  return {
    status: '503 Service Unavailable',
    sentence: 'this relay is shutting down',
    headers: [`Retry-After: ${Math.ceil(relay.limits.busyRetryMs / 1000)}`],
  }
}

function answer(socket: Duplex, refusal: Refusal): void {
  const body = `${refusal.sentence}\n`
  const head = [
    `HTTP/1.1 ${refusal.status}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(refusal.headers ?? []),
  ]
  // Whoever hangs up before reading the answer harms nobody.
  socket.on('error', () => {})
  socket.once('finish', () => socket.destroy())
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
