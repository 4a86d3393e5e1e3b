import { agentIdBytes, decodeClientFrame } from '@agent-mesh/core'
import { expect, test } from 'vitest'
import { agentNamed } from '../../test/support/linked-calls.js'
import { Routing } from './routing.js'

test('a send frame is the protocol’s', () => {
  const id = agentNamed(1)
  const packet = Uint8Array.of(1, 2, 3)
  const frame = decodeClientFrame(new Routing().sendFrame(id, packet))
  expect(frame).toEqual({ kind: 'send', to: agentIdBytes(id), packet })
})

test('raw ids become ids, and those that no agent can have become nothing', () => {
  const routing = new Routing()
  const id = agentNamed(1)
  expect(routing.idOf(agentIdBytes(id))).toBe(id)
  expect(routing.idOf(agentIdBytes(id))).toBe(id)
  expect(routing.idOf(new Uint8Array(32))).toBeUndefined()
  expect(routing.idOf(new Uint8Array(32))).toBeUndefined()
})
