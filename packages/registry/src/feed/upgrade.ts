import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { limits } from '../limits.js'
import { networkOf } from '../login/guesses.js'
import type { Feed } from './feed.js'

/** `address` is the client's where a proxy in front is the socket's other end. */
export type Upgrade = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  address?: string,
) => void

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
  return (request, socket, head, address = request.socket.remoteAddress ?? '') => {
    const network = networkOf(address)
    const count = perAddress.get(network) ?? 0
    if (feed.followers >= limits.followers || count >= limits.followersPerAddress) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\n\r\n')
      return
    }
    perAddress.set(network, count + 1)
    socket.once('close', () => {
      const left = (perAddress.get(network) ?? 1) - 1
      if (left > 0) perAddress.set(network, left)
      else perAddress.delete(network)
    })
    server.handleUpgrade(request, socket, head, (webSocket) => feed.accept(webSocket, address))
  }
}
