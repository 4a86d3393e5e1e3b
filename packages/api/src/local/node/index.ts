export { type SocketPlace, socketPathOf } from './socket-path.js'
export { unixTransport } from './unix-transport.js'
