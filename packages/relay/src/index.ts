export { clientAddress, isLoopbackAddress } from './client-address.js'
export { addressKey } from './entrance.js'
export {
  type EventFields,
  type EventLevel,
  type EventLog,
  type LinkEnd,
  type RelayCounters,
  RelayEvents,
} from './events.js'
export type { Gate, GateChange, GateLogin, GateVerdict } from './gate.js'
export { defaultLimits, type RelayLimits } from './limits.js'
export { brakeLog } from './log-brake.js'
export { registerRelayMetrics } from './metrics.js'
export { Relay, type RelayOptions, type RelayStatus } from './relay.js'
export { createRelayUpgrade, type UpgradeHandler } from './upgrade.js'
