import { isIP } from 'node:net'

/**
 * Who is at the other end, for limits. A proxy on this machine is believed about the one address
 * it saw itself, the last in `x-forwarded-for`; anybody else could write there what they like.
 */
export function clientAddress(remote: string | undefined, forwarded: string | undefined): string {
  if (remote === undefined) return ''
  if (!isLoopbackAddress(remote)) return remote
  const told = forwarded?.split(',').at(-1)?.trim()
  return told === undefined || isIP(told) === 0 ? remote : told
}

/** Whether the address of a socket's other end is this machine. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}
