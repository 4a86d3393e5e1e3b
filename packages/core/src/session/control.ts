import { Writer } from '../writer.js'
import { type ControlFrame, encodeControlFrame } from './control-frames.js'
import type { LinkId } from './effects.js'
import type { Received } from './received.js'
import type { Streams } from './streams.js'

/** What a session wants to say in the control space with its next control packet. */
export class Control {
  /** The number of the next control packet, and of the newest that came. */
  next: number
  newest: number
  ping: number | undefined
  pong: { readonly token: number; readonly link: LinkId } | undefined
  isLinkChangeDue = false
  isBlockedDue = false
  /** The peer waits: tell it all limits it asked for, grown or not. */
  isCreditDue = false

  constructor(next = 0, newest = -1) {
    this.next = next
    this.newest = newest
  }

  /** Whether a control packet is to be sent for other reasons than acknowledgement or credit. */
  get isDue(): boolean {
    const isAsked = this.ping !== undefined || this.pong !== undefined
    return isAsked || this.isLinkChangeDue || this.isBlockedDue || this.isCreditDue
  }

  /** Any packet answers it; the token is for whoever reads along in a test. */
  askAgain(): void {
    this.ping = this.next % 0x1_0000_0000
  }

  /** The record to seal now; undefined where there is nothing to say yet. */
  record(received: Received, streams: Streams, now: number): Uint8Array | undefined {
    const isAckDue = received.dueAt !== undefined && received.dueAt <= now
    const isCreditDue = this.isCreditDue || streams.isCreditDue
    const frames: ControlFrame[] = []
    if (this.isBlockedDue) {
      const blocked = streams.blockedFrame()
      if (blocked !== undefined) frames.push(blocked)
    }
    if (this.ping !== undefined) frames.push({ kind: 'ping', token: this.ping })
    if (this.pong !== undefined) frames.push({ kind: 'pong', token: this.pong.token })
    if (this.isLinkChangeDue) frames.push({ kind: 'link-changed' })
    if (isCreditDue) frames.unshift(streams.creditFrame())
    this.ping = undefined
    this.pong = undefined
    this.isLinkChangeDue = false
    this.isBlockedDue = false
    this.isCreditDue = false
    if (frames.length === 0 && !isAckDue) return undefined
    // The acknowledgement goes first: 'link-changed' asks for what is missing after it.
    return encode([{ kind: 'ack', ...received.acknowledgement(now) }, ...frames])
  }

  /** The last record of a session. What was received stands before the goodbye. */
  goodbye(received: Received, now: number): Uint8Array {
    return encode([{ kind: 'ack', ...received.acknowledgement(now) }, { kind: 'goodbye' }])
  }
}

function encode(frames: readonly ControlFrame[]): Uint8Array {
  const writer = new Writer(128)
  for (const frame of frames) encodeControlFrame(writer, frame)
  return writer.finish()
}
