import { randomBytes } from 'node:crypto'
import type { Connect, Volley } from './relay-load.js'
import type { Axis, BenchmarkOptions } from './report.js'
import { interleave } from './rounds.js'
import { startWorker, type Worker } from './worker.js'

const pairs = 32
const warmUp = 2_000

interface Shape {
  readonly axis: string
  readonly size: number
  readonly burst: number
  readonly total: number
  readonly goal: number
}

// Goals are of the whole relay, on plain `ws`, against a relay that does nothing but forward.
const shapes: readonly Shape[] = [
  { axis: '128 B, one frame a read', size: 128, burst: 1, total: 40_000, goal: 1.15 },
  { axis: '1 KiB, one frame a read', size: 1024, burst: 1, total: 40_000, goal: 1.15 },
  { axis: '16 KiB, one frame a read', size: 16_384, burst: 1, total: 10_000, goal: 0.95 },
  { axis: '128 B, bursts of 16', size: 128, burst: 16, total: 80_000, goal: 0.35 },
]

/** CPU of the relay process per forwarded message, ours against the floor W (minimal `ws` relay). */
export async function relay({ rounds }: BenchmarkOptions): Promise<Axis[]> {
  const axes: Axis[] = []
  for (const shape of shapes) {
    const result = await interleave(
      { floor: () => measure('floor', shape), ours: () => measure('ours', shape) },
      rounds,
    )
    axes.push({
      name: 'relay',
      axis: shape.axis,
      unit: 'µs CPU of the relay per message',
      rounds: result.rounds.ours.map((ours, round) => ({
        floor: result.rounds.floor[round]?.['cpuUs'] ?? Number.NaN,
        ours: ours['cpuUs'] ?? Number.NaN,
      })),
      goal: { op: '<=', value: shape.goal },
    })
  }
  return axes
}

async function measure(dialect: 'floor' | 'ours', { size, burst, total }: Shape) {
  const seeds = Array.from({ length: 2 * pairs }, () => new Uint8Array(randomBytes(32)))
  const module = dialect === 'floor' ? './floor/minimal-relay.js' : './product-relay.js'
  await using relayProcess = startWorker(new URL(module, import.meta.url))
  await using load = startWorker(new URL('./relay-load.js', import.meta.url))
  const url = await relayProcess.call<string>({ kind: 'admit', seeds })
  await load.call({ kind: 'connect', url, dialect, seeds } satisfies Connect)
  await volley(load, { kind: 'volley', size, burst, total: warmUp })
  const before = await relayProcess.cpuUs()
  const ms = await volley(load, { kind: 'volley', size, burst, total })
  const cpuUs = ((await relayProcess.cpuUs()) - before) / total
  return { cpuUs, perSecond: (total / ms) * 1000 }
}

function volley(load: Worker, message: Volley): Promise<number> {
  return load.call<number>(message)
}
