import { systemClock } from '@agent-mesh/core'
import { brakeLog } from '@agent-mesh/relay'
import { pino } from 'pino'
import type { LogLevel } from './config.js'

export type LogFields = Readonly<Record<string, unknown>>
/** An event has a name and fields. Neither may hold a code, a token, a key or a payload. */
export type Log = (level: LogLevel, event: string, fields: LogFields) => void

/** JSON lines on stderr. Synchronous: the last words of a process are the interesting ones. */
export function createLog(level: LogLevel): Log {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'event' },
    pino.destination({ fd: 2, sync: true }),
  )
  return brakeLog<LogLevel, LogFields>(
    (at, event, fields) => logger[at](fields, event),
    systemClock,
  )
}
