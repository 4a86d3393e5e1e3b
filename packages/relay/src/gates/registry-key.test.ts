import { createKeypair, MeshError, SecretKey } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { describe, expect, it } from 'vitest'
import { learnRegistryKey } from './registry-key.js'

const key = createKeypair(SecretKey.generate(nodeCrypto), nodeCrypto).id
const answer = {
  name: 'r',
  version: '1',
  protocol: 1 as const,
  admissionKey: key,
  relays: [],
  origins: [],
}

describe('the registry’s key', () => {
  it('is asked for until the registry answers', async () => {
    const said: string[] = []
    let tries = 0
    const registry = async () => {
      tries += 1
      if (tries < 4) throw new MeshError('registry-unreachable', 'no answer')
      return answer
    }
    await learnRegistryKey(
      {
        client: { registry },
        found: (found) => said.push(`found ${found === key}`),
        failed: ({ code }, retryMs) => said.push(`${code} ${retryMs}`),
        firstRetryMs: 1,
        maxRetryMs: 2,
        timeoutMs: 1_000,
      },
      new AbortController().signal,
    )
    expect(said).toEqual([
      'registry-unreachable 1',
      'registry-unreachable 2',
      'registry-unreachable 2',
      'found true',
    ])
  })

  it('is given up at once when the relay stops', async () => {
    const stop = new AbortController()
    await learnRegistryKey(
      {
        client: { registry: () => Promise.reject(new MeshError('registry-unreachable', 'no')) },
        found: () => {},
        failed: () => stop.abort(),
        firstRetryMs: 1_000_000,
        maxRetryMs: 1_000_000,
        timeoutMs: 1_000,
      },
      stop.signal,
    )
    expect(stop.signal.aborted).toBe(true)
  })
})
