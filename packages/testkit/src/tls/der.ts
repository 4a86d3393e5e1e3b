// As much of DER (X.690) as a certificate needs.

export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(body.length)]), body])
}

export const sequence = (...items: Uint8Array[]): Buffer => der(0x30, ...items)
export const set = (...items: Uint8Array[]): Buffer => der(0x31, ...items)
export const octets = (bytes: Uint8Array): Buffer => der(0x04, bytes)
export const bits = (bytes: Uint8Array, unused = 0): Buffer =>
  der(0x03, Buffer.from([unused]), bytes)
export const boolean = (value: boolean): Buffer => der(0x01, Buffer.from([value ? 0xff : 0]))
export const text = (value: string): Buffer => der(0x0c, Buffer.from(value, 'utf8'))
/** Explicit context tag, around one item. */
export const tagged = (number: number, item: Uint8Array): Buffer => der(0xa0 | number, item)

/** A positive whole number; its first byte must be below 0x80 and not 0. */
export const positive = (bytes: Uint8Array): Buffer => der(0x02, bytes)

/** UTCTime, which ends in 2049. */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/[-:T]/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${digits}Z`, 'latin1'))
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift(0x80 | (left & 0x7f))
  return digits
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  if (length < 0x100) return [0x81, length]
  return [0x82, length >> 8, length & 0xff]
}
