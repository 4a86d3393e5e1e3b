import { describe, expect, it } from 'vitest'
import { clientAddress } from './client-address.js'

describe('the address of a client', () => {
  it('is the socket’s, whatever a stranger writes into a header', () => {
    expect(clientAddress('198.51.100.7', '203.0.113.9')).toBe('198.51.100.7')
    expect(clientAddress('2001:db8::1', undefined)).toBe('2001:db8::1')
  })

  it('is the last one that a proxy on this machine names', () => {
    for (const proxy of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
      expect(clientAddress(proxy, '10.0.0.1, 203.0.113.9')).toBe('203.0.113.9')
      expect(clientAddress(proxy, '2001:db8::1')).toBe('2001:db8::1')
    }
  })

  it('is the proxy’s own where it names none', () => {
    for (const nonsense of [undefined, '', ' , ', 'unknown', '203.0.113.9:80', '1.2.3.4\n', 'x']) {
      expect(clientAddress('127.0.0.1', nonsense)).toMatch(/^(127\.0\.0\.1|1\.2\.3\.4)$/)
    }
    expect(clientAddress(undefined, undefined)).toBe('')
  })
})
