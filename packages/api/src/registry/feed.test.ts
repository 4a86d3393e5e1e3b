import { isMeshError } from '@agent-mesh/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseFeedFollowerMessage, parseFeedServerMessage } from './feed.js'

const nonce = 'A'.repeat(43)

it('reads what the other end may say, and refuses what only this end may', () => {
  const challenge = JSON.stringify({ type: 'challenge', nonce })
  expect(parseFeedServerMessage(challenge)).toEqual({ type: 'challenge', nonce })
  expect(() => parseFeedFollowerMessage(challenge)).toThrow('feed message')
  const ack = JSON.stringify({ type: 'ack', sequence: 3 })
  expect(parseFeedFollowerMessage(ack)).toEqual({ type: 'ack', sequence: 3 })
  expect(() => parseFeedServerMessage(ack)).toThrow('feed message')
})

it('takes no garbage', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      for (const read of [parseFeedServerMessage, parseFeedFollowerMessage]) {
        try {
          read(text)
          expect.fail(`it took ${text}`)
        } catch (error) {
          expect(isMeshError(error) && error.code).toBe('invalid')
        }
      }
    }),
  )
})
