// One agent by the SDK, in a process of its own: it answers `echo` and calls it at others.
import { SecretKey } from '@agent-mesh/core'
import { MeshAgent } from '@agent-mesh/sdk'
import { type Load, volley } from './volley.js'
import { serve } from './worker.js'

export interface JoinMesh {
  readonly kind: 'join'
  readonly server: string
  readonly seed: Uint8Array
}

export type LoadMesh = Load & { readonly to: string }

let agent: MeshAgent

serve(async (message: JoinMesh | LoadMesh) => {
  if (message.kind === 'load') {
    return await volley(message, async (payload) => {
      const answer = await agent.member.call(message.to, 'echo', payload)
      const { length } = await answer.bytes()
      if (length !== payload.length) throw new Error('the echo is not what was called')
    })
  }
  const { server, seed } = message
  const capabilities = { echo: (call: { bytes(): Promise<Uint8Array> }) => call.bytes() }
  agent = await MeshAgent.serve({ server, key: SecretKey.fromSeed(seed), capabilities })
  return agent.member.id
})
