import { routingPrefixBytes } from '@agent-mesh/core'

/** Buffer's own method, which its types leave out: `toString` first finds out what latin1 means. */
interface Latin1 {
  latin1Slice(start?: number, end?: number): string
}

/** An agent's 32 bytes as a latin1 string: the cheapest key there is for a map. */
export function routingKeyOf(agentBytes: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = agentBytes
  return (Buffer.from(buffer, byteOffset, byteLength) as Buffer & Latin1).latin1Slice()
}

/** The key of the agent whose bytes stand in a frame's routing prefix. */
export function routingKeyIn(frame: Buffer): string {
  return (frame as Buffer & Latin1).latin1Slice(1, routingPrefixBytes)
}
