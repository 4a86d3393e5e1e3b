// Reads a streamed answer:  MESH_SECRET_KEY_FILE=alice.key npx tsx streaming.ts
import { MeshClient } from '@agent-mesh/sdk'
import { readKeyFile } from '@agent-mesh/sdk/node'

const { MESH_SERVER: server = 'http://127.0.0.1:8080', MESH_SECRET_KEY_FILE: file = 'alice.key' } =
  process.env
await using mesh = await MeshClient.connect({ server, key: await readKeyFile(file) })
for await (const message of await mesh.call('bob', 'countdown', '1000000')) {
  console.log(new TextDecoder().decode(message))
  if (new TextDecoder().decode(message) === '999998') break // bob hears it and stops counting
}
