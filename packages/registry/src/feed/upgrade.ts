import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { limits } from '../limits.js'
import type { Feed } from './feed.js'

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Turns HTTP upgrades to `feedPath` into followers. The caller has looked at the path. */
export function createFeedUpgrade(feed: Feed): Upgrade {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.feedMessageBytes,
    maxFragments: limits.feedMessageFragments,
    maxBufferedChunks: limits.feedMessageChunks,
    perMessageDeflate: false,
    clientTracking: false,
  })
  const perAddress = new Map<string, number>()
  return (request, socket, head) => {
    const address = request.socket.remoteAddress ?? ''
    const count = perAddress.get(address) ?? 0
    if (feed.followers >= limits.followers || count >= limits.followersPerAddress) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\n\r\n')
      return
    }
    perAddress.set(address, count + 1)
    socket.once('close', () => {
      const left = (perAddress.get(address) ?? 1) - 1
      if (left > 0) perAddress.set(address, left)
      else perAddress.delete(address)
    })
    server.handleUpgrade(request, socket, head, (webSocket) => feed.accept(webSocket, address))
  }
}
