import { toHex } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'

// W3C Trace Context, §3.2: version 255 and ids of zeroes are none; a later version may say more.
const wellFormed =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]*)?$/

/**
 * The `traceparent` of a call: the caller's, or where that is none, the beginning of a new trace.
 * A new one says that it is recorded, so that a program that traces does as it would by itself.
 */
export function traceparentOf(given: string | undefined): string {
  if (given !== undefined && wellFormed.test(given)) return given
  return `00-${toHex(nodeCrypto.randomBytes(16))}-${toHex(nodeCrypto.randomBytes(8))}-01`
}
