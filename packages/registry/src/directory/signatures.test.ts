import { agentRequestBytes, fromBase64url, type Keypair, toBase64url } from '@agent-mesh/core'
import { FakeClock } from '@agent-mesh/core/testing'
import { describe, expect, it } from 'vitest'
import { createTestRegistry, failure, type TestRegistry } from '../testing/index.js'

const origin = 'http://127.0.0.1:8080'

async function signedRequest(mesh: TestRegistry, keypair: Keypair) {
  const { nonce } = await mesh.client().nonce()
  const bytes = agentRequestBytes({
    origin,
    nonce: fromBase64url(nonce, 'nonce'),
    purpose: 'admission',
  })
  const signature = toBase64url(keypair.sign('agent-request', bytes))
  return { body: { id: keypair.id, nonce, signature } }
}

describe('a nonce that was signed', () => {
  it('is good for one request of an agent', async () => {
    await using mesh = createTestRegistry()
    const request = await signedRequest(mesh, await mesh.agent())
    await mesh.client().admission(request)
    const again = await failure(mesh.client().admission(request))
    expect(again).toMatchObject({ code: 'login-refused' })
  })

  it('costs the registry no memory when anybody’s key signed it', async () => {
    await using mesh = createTestRegistry()
    const request = await signedRequest(mesh, mesh.newKey())
    for (let n = 0; n < 2; n++) {
      expect(await failure(mesh.client().admission(request))).toMatchObject({ code: 'not-found' })
    }
  })

  it('stays used, and stays good, whatever becomes of the wall clock', async () => {
    const clock = new FakeClock({ now: 10, wall: Date.UTC(2030, 0, 1) })
    await using mesh = createTestRegistry({ clock })
    const bob = await mesh.agent()
    const [used, kept] = [await signedRequest(mesh, bob), await signedRequest(mesh, bob)]
    await mesh.client().admission(used)
    clock.setWall(Date.UTC(2031, 0, 1))
    await mesh.client().admission(kept)
    clock.setWall(Date.UTC(2030, 0, 1))
    const again = await failure(mesh.client().admission(used))
    expect(again).toMatchObject({ code: 'login-refused' })
  })
})
