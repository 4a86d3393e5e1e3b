import { limits } from '../limits.js'
import type { WebSocketLike } from './socket.js'

/**
 * Sends what a protocol says on its own account, such as a pong. There is no queue for it to wait
 * in: a peer that asks and asks and reads none of the answers loses the socket, not us the memory.
 */
export function sendControl(
  socket: Pick<WebSocketLike, 'bufferedBytes' | 'send' | 'terminate'>,
  data: Uint8Array | string,
): void {
  if (socket.bufferedBytes > limits.controlBacklogBytes) socket.terminate()
  else socket.send(data)
}
