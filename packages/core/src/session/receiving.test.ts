import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Budget } from './budget.js'
import { SessionCredit } from './flow.js'
import { sessionCreditBytes, streamCreditBytes } from './limits.js'
import { Receiving } from './receiving.js'
import { chargeOf, Sending } from './sending.js'

const maxWindow = 4 * streamCreditBytes

function receiving(budget: Budget): Receiving {
  budget.take(streamCreditBytes, 'stream')
  return new Receiving(budget, maxWindow)
}

describe('a stream', () => {
  type Step = { write: number; end: boolean } | { send: number } | { read: number } | 'credit'
  const steps: fc.Arbitrary<Step[]> = fc.array(
    fc.oneof(
      fc.record({ write: fc.nat({ max: 50_000 }), end: fc.boolean() }),
      fc.record({ send: fc.integer({ min: 1, max: 16_000 }) }),
      fc.record({ read: fc.integer({ min: 1, max: 20 }) }),
      fc.constant('credit' as const),
    ),
    { maxLength: 150 },
  )

  test('carries bytes and borders, within credit and budget, whatever the order of things', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 8 }), (script, purse) => {
        const budget = new Budget(purse * streamCreditBytes * 2)
        const sender = new Sending()
        const receiver = receiving(budget)
        const written: (number | 'border')[] = []
        const read: (number | 'border')[] = []
        let stamp = 0
        const send = (bytes: number) => {
          const piece = sender.take(bytes, sender.credit)
          if (piece === undefined) return false
          expect(piece.bytes.length).toBeLessThanOrEqual(bytes)
          expect(receiver.push(piece)).toBe(true)
          return true
        }
        const take = () => {
          const chunk = receiver.shift()
          if (chunk === undefined) return false
          read.push(...chunk.bytes)
          if (chunk.endOfMessage) read.push('border')
          receiver.extend()
          return true
        }
        for (const step of script) {
          if (step === 'credit') sender.limit = receiver.limit
          else if ('write' in step) {
            if (step.write === 0 && !step.end) continue
            const bytes = new Uint8Array(step.write).fill(++stamp)
            written.push(...bytes)
            if (step.end) written.push('border')
            sender.push({ bytes, endOfMessage: step.end })
          } else if ('send' in step) send(step.send)
          else for (let i = 0; i < step.read; i++) take()
          expect(sender.sentCharge).toBeLessThanOrEqual(receiver.limit)
          expect(receiver.bufferedCharge).toBeLessThanOrEqual(receiver.reservedBytes)
          expect(receiver.limit - receiver.consumedCharge).toBeLessThanOrEqual(
            receiver.reservedBytes,
          )
          expect(budget.usedBytes).toBe(receiver.reservedBytes)
          expect(budget.usedBytes).toBeLessThanOrEqual(budget.limitBytes)
        }
        for (let isMoving = true; isMoving; ) {
          sender.limit = receiver.limit
          isMoving = send(10_000)
          isMoving = take() || isMoving
        }
        expect(sender.isEmpty).toBe(true)
        expect(read.length).toBe(written.length)
        expect(read.every((item, i) => item === written[i])).toBe(true)
        receiver.release()
        expect(budget.usedBytes).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  test('is lent more while its reader keeps up, and no more than there is', () => {
    const lend = (limitBytes: number) => {
      const receiver = receiving(new Budget(limitBytes))
      for (let i = 0; i < 200; i++) {
        while (receiver.push({ bytes: new Uint8Array(8_000), endOfMessage: false })) {}
        while (receiver.shift() !== undefined) receiver.extend()
      }
      return receiver.limit - receiver.consumedCharge
    }
    expect(lend(100 * maxWindow)).toBeGreaterThan(maxWindow / 2)
    expect(lend(2 * streamCreditBytes)).toBeLessThanOrEqual(streamCreditBytes)
  })

  test('goes on after a move where it was, though everything comes once more', () => {
    const message = fc.array(fc.nat({ max: 255 }), { maxLength: 30 })
    const messages = fc.array(message, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(messages, fc.nat(200), fc.integer({ min: 1, max: 40 }), (list, seen, piece) => {
        const budget = new Budget()
        const receiver = receiving(budget)
        const chunks = (size: number) => {
          const sender = new Sending()
          for (const bytes of list) {
            sender.push({ bytes: Uint8Array.from(bytes), endOfMessage: true })
          }
          const pieces = []
          for (let next = sender.take(size, 10_000); next; next = sender.take(size, 10_000)) {
            pieces.push(next)
          }
          return pieces
        }
        const first = chunks(7)
        for (const chunk of first.slice(0, seen % (first.length + 1))) receiver.push(chunk)
        expect(receiver.restart()).toBe(true)
        for (const chunk of chunks(piece)) expect(receiver.push(chunk)).toBe(true)
        const read: (number | 'border')[] = []
        for (let chunk = receiver.shift(); chunk; chunk = receiver.shift()) {
          read.push(...chunk.bytes)
          if (chunk.endOfMessage) read.push('border')
        }
        expect(read).toEqual(list.flatMap((bytes) => [...bytes, 'border' as const]))
        receiver.end()
        receiver.release()
        expect(budget.usedBytes).toBe(0)
      }),
    )
  })

  test('refuses what goes over its limit', () => {
    const receiver = receiving(new Budget())
    const most = streamCreditBytes - chargeOf(0)
    expect(receiver.push({ bytes: new Uint8Array(most + 1), endOfMessage: true })).toBe(false)
    expect(receiver.push({ bytes: new Uint8Array(most), endOfMessage: true })).toBe(true)
    expect(receiver.push({ bytes: new Uint8Array(0), endOfMessage: true })).toBe(false)
  })
})

describe('the credit of a session', () => {
  test('covers every open stream, and 16 KiB for those that are not known yet', () => {
    const credit = new SessionCredit()
    expect(credit.receive(sessionCreditBytes)).toBe(true)
    expect(credit.receive(1)).toBe(false)
    credit.allow(streamCreditBytes)
    expect(credit.isWorthTelling).toBe(true)
    expect(credit.tell()).toBe(2 * sessionCreditBytes + streamCreditBytes)
    expect(credit.isWorthTelling).toBe(false)
  })

  test('never shrinks', () => {
    const credit = new SessionCredit()
    credit.allow(streamCreditBytes)
    const told = credit.tell()
    credit.allow(-streamCreditBytes)
    expect(credit.tell()).toBe(told)
  })
})
