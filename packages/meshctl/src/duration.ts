import { MeshError } from '@agent-mesh/core'
import { maxDurationMs } from './limits.js'

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * Reads a duration such as `500ms`, `1.5s` or `2h` as whole milliseconds, at least 1.
 *
 * @param option the flag it was given to, named in the error
 * @throws MeshError `usage`
 */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  if (match === null) throw refused(text, option, 'is not a duration')
  const ms = Math.round(Number(match[1]) * unitMs[match[2] as keyof typeof unitMs])
  if (ms < 1) throw refused(text, option, 'is too short')
  if (ms > maxDurationMs) throw refused(text, option, 'is too long')
  return ms
}

function refused(text: string, option: string, why: string): MeshError {
  return new MeshError('usage', `${option} ${JSON.stringify(text)} ${why}`, {
    hint: `a number with ms, s, m, h or d: ${option} 30s`,
  })
}

/** `2 h ago`, `4 s`: the largest unit that is not zero, for people. */
export function describeAge(ms: number): string {
  if (ms < 60_000) return `${Math.max(0, Math.round(ms / 1000))} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} m`
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h`
  return `${Math.floor(ms / 86_400_000)} d`
}

/** `3 h 12 m`: how long something has been running. */
export function describeUptime(ms: number): string {
  const hours = Math.floor(ms / 3_600_000)
  const minutes = Math.floor(ms / 60_000) % 60
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`
  if (hours > 0) return `${hours} h ${minutes} m`
  return minutes > 0 ? `${minutes} m` : `${Math.floor(ms / 1000)} s`
}
