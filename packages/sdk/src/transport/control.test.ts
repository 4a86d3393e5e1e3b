import { expect, test } from 'vitest'
import { limits } from '../limits.js'
import { sendControl } from './control.js'

/** The socket of a peer that asks without end and reads nothing. */
class UnreadSocket {
  bufferedBytes = 0
  isEnded = false

  send(data: Uint8Array | string): void {
    this.bufferedBytes += data.length
  }

  terminate(): void {
    this.isEnded = true
  }
}

test('a peer that reads no answer loses its socket before we lose our memory', () => {
  const socket = new UnreadSocket()
  const pong = new Uint8Array(9)
  while (!socket.isEnded) sendControl(socket, pong)
  expect(socket.bufferedBytes).toBe(
    pong.length * (Math.floor(limits.controlBacklogBytes / pong.length) + 1),
  )
})
