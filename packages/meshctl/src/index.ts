export { type Io, type Sink, type Source, Stopped } from './io.js'
export { main } from './program.js'
export { protocol, version } from './version.js'
