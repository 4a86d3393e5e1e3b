// Processes that are not our children: daemons that `meshctl up` started.
import { readFileSync } from 'node:fs'
import { eventually } from './eventually.js'
import { patienceMs } from './limits.js'

/** Whether it lives. One that ended and that nobody collected still has its id; it is dead. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    // Gone in between; or no /proc (macOS), where the signal decides.
    return process.platform !== 'linux'
  }
}

/** Resolves when no process has this id any more; one that nobody collected counts as gone. */
export async function gone(pid: number, limitMs: number = patienceMs): Promise<void> {
  await eventually(() => !isAlive(pid), { what: `process ${pid} to end`, limitMs })
}

/** Sends the signal and waits for the end. Nothing happens when it is gone already. */
export async function endProcess(pid: number, signal: NodeJS.Signals): Promise<void> {
  try {
    process.kill(pid, signal)
  } catch {
    return
  }
  await gone(pid)
}
