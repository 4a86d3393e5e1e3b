import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Account, createAccount } from './account.js'
import { Budget } from './budget.js'
import { defaultLimits } from './limits.js'
import { SendQueue } from './send-queue.js'
import { FakeTick, FakeWire } from './testing/fakes.js'

const limits = {
  ...defaultLimits,
  queueBytes: 1_000,
  controlBytes: 100,
  frameOverheadBytes: 0,
}

function setUp(budgetBytes = 1_000_000) {
  const wire = new FakeWire()
  const tick = new FakeTick()
  const budget = new Budget(budgetBytes)
  const queue = () => new SendQueue({ wire, limits, budget, tick })
  return { wire, tick, budget, queue: queue(), another: queue() }
}

const sender = () => createAccount(limits, 0)

function offer(queue: SendQueue, length: number, from: Account): boolean {
  if (!queue.accepts(length, from)) return false
  queue.push(Buffer.alloc(length), from)
  return true
}

describe('send-queue', () => {
  it('writes everything of a turn at once', () => {
    const { wire, tick, queue } = setUp()
    const alice = sender()
    for (let i = 0; i < 10; i++) offer(queue, 10, alice)
    expect([wire.frames.length, wire.uncorks]).toEqual([10, 0])
    tick.end()
    expect(wire.uncorks).toBe(1)
    offer(queue, 10, alice)
    tick.end()
    expect(wire.uncorks).toBe(2)
  })

  it('holds bytes until the socket has passed them on', () => {
    const { wire, tick, budget, queue } = setUp()
    const alice = sender()
    offer(queue, 300, alice)
    tick.end()
    expect([queue.bytes, budget.usedBytes, alice.heldBytes]).toEqual([300, 300, 300])
    wire.take()
    expect([queue.bytes, budget.usedBytes, alice.heldBytes]).toEqual([0, 0, 0])
    expect(queue.progress).toBe(1)
  })

  it('keeps no count of what comes between the death of its socket and its own end', () => {
    const { wire, tick, budget, queue } = setUp()
    const alice = sender()
    offer(queue, 100, alice)
    // A socket that dies answers for everything it was given, in the middle of a turn, too.
    wire.die()
    offer(queue, 200, alice)
    offer(queue, 50, alice)
    queue.release()
    tick.end()
    wire.take()
    expect([queue.bytes, budget.usedBytes, alice.heldBytes]).toEqual([0, 0, 0])
  })

  it('gives one sender half, and the other half to whoever comes', () => {
    const { queue } = setUp()
    const [alice, bob] = [sender(), sender()]
    expect(offer(queue, 500, alice)).toBe(true)
    expect(offer(queue, 1, alice)).toBe(false)
    expect(offer(queue, 250, bob)).toBe(true)
    expect(offer(queue, 1, bob)).toBe(false)
    expect(offer(queue, 100, sender())).toBe(true)
  })

  it('lets a sender go on once its packets were taken', () => {
    const { wire, tick, queue } = setUp()
    const alice = sender()
    offer(queue, 500, alice)
    tick.end()
    expect(queue.accepts(1, alice)).toBe(false)
    wire.take()
    expect(queue.accepts(1, alice)).toBe(true)
  })

  it('never holds more packets than its bound, whoever sends them', () => {
    const { queue } = setUp()
    for (let i = 0; i < 1_000; i++) offer(queue, 30, sender())
    expect(queue.bytes).toBeLessThanOrEqual(1_000)
  })

  it('has room for notices when packets have taken the rest, and not without end', () => {
    const { queue } = setUp()
    const own = sender()
    for (let i = 0; i < 1_000; i++) offer(queue, 1, sender())
    expect(queue.pushControl(new Uint8Array(90), own)).toBe(true)
    let isTaken = true
    for (let i = 0; i < 100 && isTaken; i++) isTaken = queue.pushControl(new Uint8Array(90), own)
    expect(isTaken).toBe(false)
    expect(queue.bytes).toBeLessThanOrEqual(1_100)
  })

  it('stops the sender that fills the process and lets others pass', () => {
    const { queue, another } = setUp(1_000)
    const [alice, bob] = [sender(), sender()]
    expect(offer(queue, 450, alice)).toBe(true)
    expect(offer(another, 60, alice)).toBe(false)
    expect(offer(another, 200, bob)).toBe(true)
  })

  it('gives everything back when the socket is gone, once', () => {
    const { wire, tick, budget, queue } = setUp()
    const alice = sender()
    offer(queue, 100, alice)
    tick.end()
    offer(queue, 100, alice)
    queue.release()
    tick.end()
    wire.take()
    expect([queue.bytes, budget.usedBytes, alice.heldBytes]).toEqual([0, 0, 0])
    queue.push(Buffer.alloc(5), alice)
    expect(budget.usedBytes).toBe(0)
  })

  it('copies a frame out of a large read only when it has to wait', () => {
    const { wire, tick, queue } = setUp()
    const read = Buffer.alloc(65_536)
    const alice = sender()
    queue.push(read.subarray(0, 10), alice)
    tick.end()
    queue.push(read.subarray(10, 20), alice)
    const [quick, waiting] = wire.frames
    expect(quick?.buffer).toBe(read.buffer)
    expect(waiting?.buffer).not.toBe(read.buffer)
    expect(waiting).toEqual(read.subarray(10, 20))
  })

  it('keeps its books whatever happens in whatever order', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('send'),
        from: fc.nat(3),
        length: fc.integer({ min: 1, max: 400 }),
      }),
      fc.record({
        kind: fc.constant('control'),
        from: fc.nat(3),
        length: fc.integer({ min: 1, max: 90 }),
      }),
      fc.record({
        kind: fc.constantFrom('end', 'take'),
        from: fc.constant(0),
        length: fc.constant(0),
      }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { wire, tick, budget, queue } = setUp(1_200)
        const senders = [sender(), sender(), sender(), sender()]
        for (const { kind, from, length } of steps) {
          const account = senders[from] as Account
          if (kind === 'send') offer(queue, length, account)
          if (kind === 'control') queue.pushControl(new Uint8Array(length), account)
          if (kind === 'end') tick.end()
          if (kind === 'take') {
            tick.end()
            wire.take()
          }
          const held = senders.reduce((sum, { heldBytes }) => sum + heldBytes, 0)
          expect(budget.usedBytes).toBe(queue.bytes)
          expect(held).toBe(queue.bytes)
          expect(queue.bytes).toBeLessThanOrEqual(1_100)
        }
        tick.end()
        wire.take()
        expect(queue.bytes).toBe(0)
      }),
    )
  })
})
