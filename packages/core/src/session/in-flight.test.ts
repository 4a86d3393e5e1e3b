import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Budget } from './budget.js'
import { Congestion } from './congestion.js'
import { InFlight } from './in-flight.js'
import { sessionLimits } from './limits.js'

type Step =
  | { readonly kind: 'send' }
  | { readonly kind: 'lose' }
  | { readonly kind: 'resend' }
  | { readonly kind: 'ack'; readonly cumulative: number; readonly selected: readonly number[] }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('send' as const) }) },
    fc.record({ kind: fc.constant('lose' as const) }),
    fc.record({ kind: fc.constant('resend' as const) }),
    fc.record({
      kind: fc.constant('ack' as const),
      cumulative: fc.nat({ max: 60 }),
      selected: fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 6 }),
    }),
  ),
  { maxLength: 120 },
)

function rangesOf(selected: readonly number[], above: number) {
  return [...selected]
    .filter((number) => number > above)
    .sort((a, b) => a - b)
    .map((start) => ({ start, end: start + 1 }))
}

describe('the sending end', () => {
  test('keeps every packet until it is acknowledged for good, whatever happens', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const budget = new Budget(1_000_000)
        const inFlight = new InFlight(budget)
        const finished: number[] = []
        let now = 0
        for (const step of script) {
          now++
          if (step.kind === 'send') {
            budget.take(10, 'send')
            inFlight.add(new Uint8Array(10), [], now)
          } else if (step.kind === 'lose') inFlight.loseAll()
          else if (step.kind === 'resend') inFlight.resend(1_000, now)
          else {
            const ranges = rangesOf(step.selected, step.cumulative)
            const result = inFlight.acknowledge(step.cumulative, ranges, now)
            finished.push(...result.finished.map(({ number }) => number))
          }
          const kept = [...inFlight.retained()]
          expect(kept.map(({ number }) => number)).toEqual(
            Array.from({ length: inFlight.next - inFlight.cumulative }, (_, i) => {
              return inFlight.cumulative + i
            }),
          )
          expect(inFlight.retainedBytes).toBe(kept.length * 10)
          expect(budget.usedBytes).toBe(kept.length * 10)
          const count = (state: string) => kept.filter((sent) => sent.state === state).length
          expect(inFlight.underWayBytes).toBe(count('under-way') * 10)
          expect(inFlight.lostPackets).toBe(count('lost'))
        }
        expect(finished).toEqual(finished.map((_, i) => i))
        // Whatever is lost can be sent again, oldest first, and only that.
        inFlight.loseAll()
        const again: number[] = []
        for (let sent = inFlight.resend(1_000, now); sent; sent = inFlight.resend(1_000, now)) {
          again.push(sent.number)
        }
        const missing = [...inFlight.retained()].filter(({ state }) => state !== 'arrived')
        expect(again).toEqual(missing.map(({ number }) => number))
        inFlight.release()
        expect(budget.usedBytes).toBe(0)
      }),
    )
  })

  test('takes a packet for lost that three later ones overtook', () => {
    const inFlight = new InFlight(new Budget())
    for (let i = 0; i < 5; i++) inFlight.add(new Uint8Array(10), [], i)
    inFlight.acknowledge(0, [{ start: 1, end: 3 }], 10)
    expect(inFlight.lostPackets).toBe(0)
    inFlight.acknowledge(0, [{ start: 1, end: 4 }], 11)
    expect(inFlight.resend(1_000, 12)?.number).toBe(0)
    // Sent again, it is as young as any.
    inFlight.acknowledge(0, [{ start: 1, end: 5 }], 13)
    expect(inFlight.lostPackets).toBe(0)
  })

  test('measures the round trip by packets that were sent once', () => {
    const inFlight = new InFlight(new Budget())
    inFlight.add(new Uint8Array(10), [], 100)
    expect(inFlight.acknowledge(1, [], 130).roundTripMs).toBe(30)
    inFlight.add(new Uint8Array(10), [], 200)
    inFlight.loseAll()
    inFlight.resend(1_000, 300)
    expect(inFlight.acknowledge(2, [], 310).roundTripMs).toBeUndefined()
  })

  test('leaves what does not fit the link', () => {
    const inFlight = new InFlight(new Budget())
    inFlight.add(new Uint8Array(50), [], 0)
    inFlight.add(new Uint8Array(10), [], 0)
    inFlight.loseAll()
    expect(inFlight.resend(20, 1)?.number).toBe(1)
    expect(inFlight.resend(20, 1)).toBeUndefined()
    inFlight.loseAll()
    expect(inFlight.resend(100, 2)?.number).toBe(0)
  })
})

describe('the congestion window', () => {
  test('begins with 256 KiB, doubles per round trip, and halves for a timeout', () => {
    const congestion = new Congestion(sessionLimits)
    expect(congestion.windowBytes).toBe(262_144)
    congestion.acknowledged(262_144)
    expect(congestion.windowBytes).toBe(524_288)
    congestion.timedOut(1_000)
    expect(congestion.windowBytes).toBe(262_144)
    congestion.acknowledged(262_144)
    expect(congestion.windowBytes).toBe(262_144 + 16_384)
    for (let i = 0; i < 20; i++) congestion.timedOut(2_000 + i * 1_000)
    expect(congestion.windowBytes).toBe(sessionLimits.minCongestionBytes)
  })

  test('waits max(1 s, 4 RTT), doubling to 15 s', () => {
    const congestion = new Congestion(sessionLimits)
    const waits = Array.from({ length: 6 }, (_, i) => {
      const wait = congestion.resendAfterMs
      congestion.timedOut(i * 10_000)
      return wait
    })
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000])
    congestion.restart()
    congestion.measured(600)
    expect(congestion.resendAfterMs).toBe(2_400)
  })

  test('halves once for what was under way together, and pauses as the link asks', () => {
    const congestion = new Congestion(sessionLimits)
    congestion.measured(100)
    congestion.congested(500, 1_000)
    congestion.congested(500, 1_050)
    expect(congestion.windowBytes).toBe(131_072)
    expect(congestion.pausedUntil).toBe(1_550)
    congestion.congested(1_000_000, 2_000)
    expect(congestion.pausedUntil).toBe(2_000 + sessionLimits.maxResendMs)
  })
})
