import { describe, expect, test } from 'vitest'
import { chooseRelays } from '../relay-choice.js'
import { checkRelayUrl, serverUrls } from './relay-url.js'

describe('the server’s URL', () => {
  test('leads to its relay and its feed', () => {
    expect(serverUrls('https://mesh.example.com/', false)).toEqual({
      base: 'https://mesh.example.com',
      relay: 'wss://mesh.example.com/relay/ws',
      feed: 'wss://mesh.example.com/v1/feed',
    })
    expect(serverUrls('http://127.0.0.1:8080', false).relay).toBe('ws://127.0.0.1:8080/relay/ws')
  })

  test.each(['http://mesh.example.com', 'http://10.0.0.1:8080', 'http://127.0.0.1.evil.example'])(
    '%s would cross the network in the open: refused unless allowed',
    (url) => {
      expect(() => serverUrls(url, false)).toThrow(expect.objectContaining({ code: 'config' }))
      expect(serverUrls(url, true).base).toBe(url)
    },
  )

  test.each(['', 'mesh.example.com', 'ftp://x', 'ws://127.0.0.1'])('%j is none', (url) => {
    expect(() => serverUrls(url, true)).toThrow(expect.objectContaining({ code: 'config' }))
  })
})

test('a relay is dialled by ws or wss, in the open only on this machine', () => {
  expect(checkRelayUrl('ws://localhost:1/relay/ws', false)).toBe('ws://localhost:1/relay/ws')
  for (const url of ['ws://example.com/relay/ws', 'http://127.0.0.1/relay/ws', 'nonsense']) {
    expect(() => checkRelayUrl(url, false)).toThrow(expect.objectContaining({ code: 'config' }))
  }
})

describe('which relay', () => {
  const own = 'ws://localhost:8080/relay/ws'
  const listed = ['ws://127.0.0.1:8080/relay/ws']
  const origins = ['http://127.0.0.1:8080', 'http://localhost:8080']

  test('the server’s own by the way it was reached, where the server is a relay', () => {
    expect(chooseRelays({ own, listed, origins, insecure: false })).toEqual([own])
  })

  test('those that the registry names, where it is none', () => {
    const far = ['wss://relay.example.com/relay/ws']
    expect(chooseRelays({ own, listed: far, origins, insecure: false })).toEqual(far)
  })

  test('never one that must not be dialled', () => {
    const open = ['ws://relay.example.com/relay/ws']
    expect(chooseRelays({ own, listed: open, origins, insecure: false })).toEqual([own])
  })
})
