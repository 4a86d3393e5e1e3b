import { expect, it } from 'vitest'
import { isLoopbackHost } from './loopback.js'

it('is loopback only what cannot be another machine', () => {
  for (const host of ['localhost', 'LOCALHOST', 'a.localhost', '127.0.0.1', '127.9.9.9', '[::1]']) {
    expect(isLoopbackHost(host)).toBe(true)
  }
  for (const host of ['0.0.0.0', '10.0.0.1', '127.0.0.1.example.com', 'localhost.example', '::']) {
    expect(isLoopbackHost(host)).toBe(false)
  }
})
