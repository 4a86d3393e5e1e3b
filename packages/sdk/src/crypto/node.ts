/** The cryptography of this runtime: Node's own, about fifteen times faster. */
export { nodeCrypto as platformCrypto } from '@agent-mesh/core/node'
