/** The cryptography of this runtime: portable, in JavaScript. */
export { nobleCrypto as platformCrypto } from '@agent-mesh/core'
