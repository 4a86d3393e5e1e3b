export { nodeCrypto } from './crypto.js'
