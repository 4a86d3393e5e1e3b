// Calls an agent:  MESH_SERVER=http://127.0.0.1:8080 MESH_SECRET_KEY_FILE=alice.key npx tsx caller.ts
import { MeshClient } from '@agent-mesh/sdk'
import { readKeyFile } from '@agent-mesh/sdk/node'

const { MESH_SERVER: server = 'http://127.0.0.1:8080', MESH_SECRET_KEY_FILE: file = 'alice.key' } =
  process.env
await using mesh = await MeshClient.connect({ server, key: await readKeyFile(file) })
const answer = await mesh.call('bob', 'echo', { message: 'hi' }, { deadlineMs: 10_000 })
console.log(await answer.json())
