import { systemClock } from '@agent-mesh/core'
import { pino } from 'pino'
import type { LogLevel } from './config.js'
import type { EventFields, EventLog } from './events.js'
import { brakeLog } from './log-brake.js'

/** JSON lines on stderr. Synchronous: the last words of a process are the interesting ones. */
export function createLog(level: LogLevel): EventLog {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'event' },
    pino.destination({ fd: 2, sync: true }),
  )
  return brakeLog<LogLevel, EventFields>(
    (at, event, fields) => logger[at](fields, event),
    systemClock,
  )
}
