import { readFile, writeFile } from 'node:fs/promises'

/** Bytes of RAM a process holds. Linux only. */
export async function residentBytes(pid: number): Promise<number> {
  return readField(pid, 'VmRSS')
}

/** The most a process has held since it started, or since `forgetPeak`. Linux only. */
export async function peakBytes(pid: number): Promise<number> {
  return readField(pid, 'VmHWM')
}

/** Starts the peak anew from what is held now (proc(5), clear_refs). */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5')
}

async function readField(pid: number, field: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status has no ${field}`)
  return Number(kibibytes) * 1024
}
