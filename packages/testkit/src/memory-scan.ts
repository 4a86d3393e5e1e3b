import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { maxMemoryRegionBytes, memoryWindowBytes } from './limits.js'

/**
 * Which of the needles lie in the readable memory of a process; undefined where the system does
 * not let us look. Stop the process before (SIGSTOP), or it moves things while we read.
 */
export function findInMemory(
  pid: number,
  needles: Readonly<Record<string, Buffer>>,
): Set<string> | undefined {
  let maps: string
  let memory: number
  try {
    maps = readFileSync(`/proc/${pid}/maps`, 'utf8')
    memory = openSync(`/proc/${pid}/mem`, 'r')
  } catch {
    return undefined
  }
  try {
    const found = new Set<string>()
    for (const bytes of windows(memory, maps, longest(needles) - 1)) {
      for (const [name, needle] of Object.entries(needles)) {
        if (!found.has(name) && bytes.includes(needle)) found.add(name)
      }
    }
    return found
  } finally {
    closeSync(memory)
  }
}

function longest(needles: Readonly<Record<string, Buffer>>): number {
  return Math.max(1, ...Object.values(needles).map(({ length }) => length))
}

/** Valid until the next one: one buffer serves all. */
function* windows(memory: number, maps: string, overlap: number): Generator<Buffer, void> {
  const buffer = Buffer.alloc(memoryWindowBytes + overlap)
  for (const [start, end] of readableRegions(maps)) {
    for (let at = start; at < end; at += memoryWindowBytes) {
      const length = Math.min(end - at, buffer.length)
      try {
        yield buffer.subarray(0, readSync(memory, buffer, 0, length, at))
      } catch {
        // A guard page, or a region that is gone.
      }
    }
  }
}

function readableRegions(maps: string): [number, number][] {
  return maps.split('\n').flatMap((line): [number, number][] => {
    const [, from, to, rest] = /^([0-9a-f]+)-([0-9a-f]+) r(.*)$/.exec(line) ?? []
    if (from === undefined || to === undefined || /\[(?:vvar|vsyscall)/.test(rest ?? '')) return []
    const [start, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)]
    return end - start > maxMemoryRegionBytes || !Number.isSafeInteger(end) ? [] : [[start, end]]
  })
}
