import { MeshError } from '../errors.js'
import { maxPacketBytes } from '../limits.js'
import type { LinkId, LinkTerms } from './effects.js'
import { minLinkPacketBytes } from './limits.js'

export interface Link {
  readonly id: LinkId
  readonly cost: number
  readonly maxPacket: number
  readonly upAt: number
  /** When any authentic packet came over it. */
  heardAt: number
}

/** The links that are up. */
export class Links {
  readonly #links = new Map<LinkId, Link>()

  up(terms: LinkTerms, now: number): Link {
    if (!(terms.maxPacket >= minLinkPacketBytes)) {
      throw new MeshError(
        'invalid',
        `a link of ${terms.maxPacket} bytes per packet is too narrow`,
        {
          details: { minBytes: minLinkPacketBytes },
        },
      )
    }
    const maxPacket = Math.min(terms.maxPacket, maxPacketBytes)
    const link = { id: terms.id, cost: terms.cost, maxPacket, upAt: now, heardAt: now }
    this.#links.set(terms.id, link)
    return link
  }

  down(id: LinkId): void {
    this.#links.delete(id)
  }

  get(id: LinkId | undefined): Link | undefined {
    return id === undefined ? undefined : this.#links.get(id)
  }

  get isEmpty(): boolean {
    return this.#links.size === 0
  }

  /** The cheapest link that is not left out; of equals the one that came up last. */
  best(leaveOut?: ReadonlySet<LinkId>): Link | undefined {
    let best: Link | undefined
    for (const link of this.#links.values()) {
      if (leaveOut?.has(link.id)) continue
      if (best === undefined || link.cost <= best.cost) best = link
    }
    return best
  }
}
