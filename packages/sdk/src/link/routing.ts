import {
  type AgentId,
  agentIdBytes,
  agentIdFromBytes,
  frameType,
  routingPrefixBytes,
} from '@agent-mesh/core'

/** Ids remembered in each direction; beyond it all are forgotten and learnt again. */
const maxRemembered = 20_000

/** Ids as they stand in frames. Checking one costs more than a packet, so each is checked once. */
export class Routing {
  readonly #ids = new Map<string, AgentId | undefined>()
  readonly #bytes = new Map<AgentId, Uint8Array>()

  /** The id of 32 raw bytes; undefined when no agent can have them. */
  idOf(raw: Uint8Array): AgentId | undefined {
    const key = String.fromCharCode(...raw)
    if (this.#ids.has(key)) return this.#ids.get(key)
    if (this.#ids.size >= maxRemembered) this.#ids.clear()
    const id = parse(raw)
    this.#ids.set(key, id)
    return id
  }

  /** A `send` frame (docs/protocol.md §3), laid out here because every packet passes here. */
  sendFrame(to: AgentId, packet: Uint8Array): Uint8Array {
    const frame = new Uint8Array(routingPrefixBytes + packet.length)
    frame[0] = frameType.send
    frame.set(this.#bytesOf(to), 1)
    frame.set(packet, routingPrefixBytes)
    return frame
  }

  #bytesOf(id: AgentId): Uint8Array {
    const known = this.#bytes.get(id)
    if (known !== undefined) return known
    if (this.#bytes.size >= maxRemembered) this.#bytes.clear()
    const bytes = agentIdBytes(id)
    this.#bytes.set(id, bytes)
    return bytes
  }
}

function parse(raw: Uint8Array): AgentId | undefined {
  try {
    return agentIdFromBytes(raw)
  } catch {
    return undefined
  }
}
