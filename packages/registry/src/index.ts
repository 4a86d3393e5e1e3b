export type { RequestContext } from './app.js'
export type { MemberChange } from './directory/members.js'
export type { Presence } from './directory/views.js'
export {
  type EventFields,
  type EventLevel,
  type EventLog,
  type RegistryCounter,
  RegistryEvents,
} from './events.js'
export type { Upgrade } from './feed/upgrade.js'
export type { Admittance, RegistryGate } from './gate.js'
export { createOwnerCode, type OwnerCode } from './login/login-code.js'
export { Registry, type RegistryOptions } from './registry.js'
export { openSqliteStore } from './store/sqlite/sqlite-store.js'
export type { Store } from './store/store.js'
