// Stands where the relay stands: between the daemons and the server, seeing every byte of both.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { MessageReader } from './message-reader.mjs'

/** @typedef {{ from: 'daemon' | 'relay', bytes: Buffer }} TappedMessage */

/** Enough for the calls that are listened to; a tap left open by mistake fills no memory. */
const maxMessages = 10_000

export class WireTap {
  /** @type {URL | undefined} the server; may be set after the tap's own address is known */
  target
  #listener = createServer()
  /** @type {Set<import('node:net').Socket>} */
  #sockets = new Set()
  /** @type {TappedMessage[] | undefined} */
  #messages

  /** @returns {Promise<string>} the URL that daemons dial in place of the server's */
  async listen() {
    this.#listener.on('connection', (socket) => this.#join(socket))
    this.#listener.listen(0, '127.0.0.1')
    await once(this.#listener, 'listening')
    const address = this.#listener.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return `http://127.0.0.1:${address.port}`
  }

  record() {
    this.#messages = []
  }

  /** @returns {readonly TappedMessage[]} what went to and from the relay since `record` */
  stop() {
    const messages = this.#messages ?? []
    this.#messages = undefined
    return messages
  }

  async close() {
    const closed = once(this.#listener, 'close')
    this.#listener.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** @param {import('node:net').Socket} daemon */
  #join(daemon) {
    if (this.target === undefined) return void daemon.destroy()
    const relay = connect(Number(this.target.port), this.target.hostname)
    const isRelay = { value: false }
    this.#carry('daemon', daemon, { to: relay, isRelay })
    this.#carry('relay', relay, { to: daemon, isRelay })
    for (const [one, other] of [
      [daemon, relay],
      [relay, daemon],
    ]) {
      if (one === undefined || other === undefined) continue
      this.#sockets.add(one)
      one.on('error', () => {})
      one.once('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
  }

  /**
   * @param {TappedMessage['from']} from
   * @param {import('node:net').Socket} source
   * @param {{ to: import('node:net').Socket, isRelay: { value: boolean } }} options
   */
  #carry(from, source, { to, isRelay }) {
    // One connection may be the registry's HTTP, the feed, or a link to the relay: its first line
    // tells, and only the relay's are of interest.
    const reader = new MessageReader({
      onHead: (head) => {
        if (from === 'daemon') isRelay.value = /^GET \/relay\/ws /.test(head)
      },
      isWanted: () => this.#messages !== undefined && isRelay.value,
      onMessage: (bytes) => {
        if ((this.#messages?.length ?? maxMessages) < maxMessages) {
          this.#messages?.push({ from, bytes })
        }
      },
    })
    source.on('data', (chunk) => reader.push(chunk))
    source.pipe(to)
  }
}
