import { randomBytes } from 'node:crypto'
import { createRegistryClient, registerAgent } from '@agent-mesh/api'
import { createKeypair, SecretKey, signCard } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { MeshServer } from '@agent-mesh/testkit'
import type { JoinFloor, LoadFloor } from './floor/request-peer.js'
import { processCpuUs } from './process-cpu.js'
import type { Axis, BenchmarkOptions } from './report.js'
import { type Figures, interleave } from './rounds.js'
import type { JoinMesh, LoadMesh } from './sdk-peer.js'
import type { Load, Timing } from './volley.js'
import { startWorker, type Worker } from './worker.js'

interface Shape {
  readonly axis: string
  readonly load: Load
  readonly cpuGoal: number
}

const shapes: readonly Shape[] = [
  shape('128 B, 1 in flight', { size: 128, inFlight: 1, total: 3_000 }, 1.4),
  shape('128 B, 16 in flight', { size: 128, inFlight: 16, total: 12_000 }, 1.0),
  shape('1 KiB, 16 in flight', { size: 1024, inFlight: 16, total: 12_000 }, 1.3),
  shape('16 KiB, 16 in flight', { size: 16_384, inFlight: 16, total: 3_000 }, 1.25),
]

const latencyGoal = 1.4

function shape(axis: string, load: Omit<Load, 'kind'>, cpuGoal: number): Shape {
  return { axis, load: { kind: 'load', ...load }, cpuGoal }
}

/** A call and its answer between two processes, ours (SDK, real server) against the floor F. */
export async function request({ rounds }: BenchmarkOptions): Promise<Axis[]> {
  const axes: Axis[] = []
  for (const { axis, load, cpuGoal } of shapes) {
    const result = await interleave(
      { floor: () => measureFloor(load), ours: () => measureOurs(load) },
      rounds,
    )
    const add = (unit: string, figure: string, value: number) => {
      const rows = result.rounds.ours.map((ours, round) => ({
        floor: result.rounds.floor[round]?.[figure] ?? Number.NaN,
        ours: ours[figure] ?? Number.NaN,
      }))
      axes.push({ name: 'request', axis, unit, rounds: rows, goal: { op: '<=', value } })
    }
    add('µs CPU of both ends and the relay per call', 'cpuUs', cpuGoal)
    if (load.inFlight === 1) add('µs of latency, p50', 'p50Us', latencyGoal)
  }
  return axes
}

async function measureFloor(load: Load): Promise<Figures> {
  const [from, to] = [randomBytes(32), randomBytes(32)]
  await using relay = startWorker(new URL('./floor/minimal-relay.js', import.meta.url))
  await using caller = startWorker(new URL('./floor/request-peer.js', import.meta.url))
  await using callee = startWorker(new URL('./floor/request-peer.js', import.meta.url))
  const url = await relay.call<string>({ kind: 'start' })
  await callee.call({ kind: 'join', url, id: to } satisfies JoinFloor)
  await caller.call({ kind: 'join', url, id: from } satisfies JoinFloor)
  return await measure(load, {
    caller,
    callee,
    relayCpuUs: () => relay.cpuUs(),
    run: (part) => caller.call<Timing>({ ...part, to } satisfies LoadFloor),
  })
}

async function measureOurs(load: Load): Promise<Figures> {
  await using server = await MeshServer.start()
  const seeds = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))] as const
  const url = `http://127.0.0.1:${server.port}`
  await admit(url, await server.ownerCode(), seeds)
  await using caller = startWorker(new URL('./sdk-peer.js', import.meta.url))
  await using callee = startWorker(new URL('./sdk-peer.js', import.meta.url))
  const to = await callee.call<string>({
    kind: 'join',
    server: url,
    seed: seeds[1],
  } satisfies JoinMesh)
  await caller.call({ kind: 'join', server: url, seed: seeds[0] } satisfies JoinMesh)
  return await measure(load, {
    caller,
    callee,
    relayCpuUs: () => Promise.resolve(processCpuUs(server.pid)),
    run: (part) => caller.call<Timing>({ ...part, to } satisfies LoadMesh),
  })
}

interface Parties {
  readonly caller: Worker
  readonly callee: Worker
  relayCpuUs(): Promise<number>
  run(load: Load): Promise<Timing>
}

async function measure(load: Load, parties: Parties): Promise<Figures> {
  const { caller, callee, relayCpuUs, run } = parties
  const cpuUs = async () => (await caller.cpuUs()) + (await callee.cpuUs()) + (await relayCpuUs())
  await run({ ...load, total: Math.ceil(load.total / 4) })
  const before = await cpuUs()
  const { p50Us, perSecond } = await run(load)
  return { cpuUs: ((await cpuUs()) - before) / load.total, p50Us, perSecond }
}

/** Registers an agent for each seed, and lets everybody call everything. */
async function admit(baseUrl: string, code: string, seeds: readonly Uint8Array[]): Promise<void> {
  const { token } = await createRegistryClient({ baseUrl }).login({ body: { code } })
  const owner = createRegistryClient({ baseUrl, token })
  for (const [at, seed] of seeds.entries()) {
    const keypair = createKeypair(SecretKey.fromSeed(seed), nodeCrypto)
    const capabilities = [{ name: 'echo' }]
    const card = signCard(keypair, { name: `bench-${at}`, sequence: 1, capabilities })
    await registerAgent(owner, { keypair, card, crypto: nodeCrypto })
  }
  await owner.addRule({ body: { effect: 'allow', from: '*', to: '*', capability: '*' } })
}
