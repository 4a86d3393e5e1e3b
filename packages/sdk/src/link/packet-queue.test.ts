import { expect, test } from 'vitest'
import { limits } from '../limits.js'
import { PacketQueue } from './packet-queue.js'

/** A socket that keeps what it is given until it is told to let go. */
class Sink {
  readonly frames: Uint8Array[] = []
  bufferedBytes = 0

  send(frame: Uint8Array): void {
    this.frames.push(frame)
    this.bufferedBytes += frame.length
  }
}

const frame = new Uint8Array(64 * 1024)

test('frames pass at once while the socket has room', () => {
  const sink = new Sink()
  const queue = new PacketQueue(sink)
  expect(queue.push(frame)).toBe(true)
  expect(sink.frames).toHaveLength(1)
  expect(queue.waiting).toBe(false)
})

test('a full socket is not given more; what waits leaves in order when there is room', () => {
  const sink = new Sink()
  const queue = new PacketQueue(sink)
  const frames = Array.from({ length: 20 }, (_, i) => new Uint8Array(64 * 1024).fill(i))
  for (const each of frames) queue.push(each)
  expect(sink.bufferedBytes).toBe(limits.socketHighWaterBytes)
  expect(queue.waiting).toBe(true)
  sink.bufferedBytes = 0
  queue.flush()
  expect(sink.frames.map(([first]) => first)).toEqual(frames.map(([first]) => first))
  expect(queue.waiting).toBe(false)
})

test('a frame never overtakes one that waits', () => {
  const sink = new Sink()
  const queue = new PacketQueue(sink)
  sink.bufferedBytes = limits.socketHighWaterBytes
  queue.push(Uint8Array.of(1))
  sink.bufferedBytes = 0
  queue.push(Uint8Array.of(2))
  queue.flush()
  expect(sink.frames).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
})

test('the queue is bounded: what does not fit is refused', () => {
  const sink = new Sink()
  const queue = new PacketQueue(sink)
  let taken = 0
  for (let i = 0; i < 200; i++) if (queue.push(frame)) taken += frame.length
  expect(taken).toBe(limits.socketHighWaterBytes + limits.linkQueueBytes)
})
