// What the relay had in hands, laid beside what it could not see. Layouts: docs/protocol.md §3, §4.

/** @typedef {import('./wire-tap.mjs').TappedMessage} TappedMessage */

const sendFrame = 5
const packetFrame = 6
const packetKinds = ['', 'handshake 1', 'handshake 2', 'handshake 3', 'sealed', 'no-session']
const shownRows = 6

/**
 * The packet that carried the words: the first one from a daemon that is long enough.
 *
 * @param {readonly TappedMessage[]} messages @param {string} words
 */
export function findCarrier(messages, words) {
  return messages.find(
    ({ from, bytes }) =>
      from === 'daemon' && bytes[0] === sendFrame && bytes.length > words.length + 65,
  )?.bytes
}

/** @param {Buffer} frame a `send` @returns {string[]} its parts, each with its bytes */
export function dissect(frame) {
  const to = frame.subarray(1, 33)
  const header = frame.subarray(33, 49)
  const sealed = frame.subarray(49)
  const kind = packetKinds[header[0] ?? 0] ?? 'unknown'
  return [
    `${hex(frame.subarray(0, 1))}  a frame of type "send"`,
    `${hex(to.subarray(0, 16))}  to: bob's public key`,
    hex(to.subarray(16)),
    `${hex(header)}  ${kind}, session index, number`,
    ...hexdump(sealed),
  ]
}

/**
 * How often each needle is in what the relay received and sent.
 *
 * @param {readonly TappedMessage[]} messages @param {Readonly<Record<string, Buffer>>} needles
 */
export function search(messages, needles) {
  const packets = messages.filter(({ bytes }) => bytes[0] === sendFrame || bytes[0] === packetFrame)
  const counts = Object.entries(needles).map(([name, needle]) => {
    const found = packets.filter(({ bytes }) => bytes.includes(needle)).length
    return /** @type {const} */ ([name, found])
  })
  const bytes = packets.reduce((sum, packet) => sum + packet.bytes.length, 0)
  return { packets: packets.length, bytes, found: Object.fromEntries(counts) }
}

/** @param {Buffer} bytes @returns {string[]} sixteen to a row, with the readable ones beside */
function hexdump(bytes) {
  const rows = []
  for (let at = 0; at < bytes.length && rows.length < shownRows; at += 16) {
    const row = bytes.subarray(at, at + 16)
    const readable = row.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '.')
    rows.push(`${hex(row).padEnd(47)}  ${readable}`)
  }
  const left = bytes.length - rows.length * 16
  return left > 0 ? [...rows, `… and ${left} bytes more of the same`] : rows
}

/** @param {Buffer} bytes */
function hex(bytes) {
  return bytes.toString('hex').replaceAll(/(..)(?=.)/g, '$1 ')
}
