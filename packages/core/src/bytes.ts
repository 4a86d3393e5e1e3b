import { MeshError } from './errors.js'

/** All parts after one another, in a new array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Whether both hold the same bytes, in a time that depends on their lengths alone. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}

const encoder = new TextEncoder()
// A byte order mark is text like any other here: dropping it would change what was signed.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8. A lone surrogate becomes U+FFFD, as everywhere in the platform. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Strict UTF-8; throws 'invalid' naming `field`. */
export function fromUtf8(bytes: Uint8Array, field = 'text'): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new MeshError('invalid', `${field} is not UTF-8`, { cause })
  }
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += hexOfByte[byte]
  return text
}

/** Hex in either case, two digits a byte; throws 'invalid' naming `field`. */
export function fromHex(text: string, field = 'text'): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new MeshError('invalid', `${field} is not hexadecimal`)
  }
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

const alphabet = encoder.encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
const valueOfCharacter = new Uint8Array(128).fill(0xff)
alphabet.forEach((character, value) => {
  valueOfCharacter[character] = value
})

/** base64url without padding (RFC 4648 §5). */
export function toBase64url(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil((bytes.length * 4) / 3))
  let at = 0
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = ((held & 0xff) << 8) | byte
    for (bits += 8; bits >= 6; at++) {
      bits -= 6
      text[at] = alphabet[(held >> bits) & 63] as number
    }
  }
  if (bits > 0) text[at] = alphabet[(held << (6 - bits)) & 63] as number
  return decoder.decode(text)
}

/**
 * The bytes of base64url text in its one canonical spelling: no padding, no other characters, the
 * unused bits zero. Throws 'invalid' naming `field`, without repeating the text (it may be secret).
 */
export function fromBase64url(text: string, field = 'text'): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let at = 0
  let bits = 0
  let held = 0
  for (let i = 0; i < text.length; i++) {
    const value = valueOfCharacter[text.charCodeAt(i)] ?? 0xff
    if (value === 0xff) {
      throw new MeshError('invalid', `${field} is not base64url (character ${i + 1})`)
    }
    held = ((held & 0xff) << 6) | value
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = held >> bits
    }
  }
  if (bits === 6 || (held & ((1 << bits) - 1)) !== 0) {
    throw new MeshError('invalid', `${field} is not canonical base64url (it ends mid-byte)`)
  }
  return bytes
}
