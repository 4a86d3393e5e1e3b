// Answers calls:  MESH_SERVER=http://127.0.0.1:8080 MESH_SECRET_KEY_FILE=bob.key npx tsx agent.ts
import { once } from 'node:events'
import { MeshAgent } from '@agent-mesh/sdk'
import { readKeyFile } from '@agent-mesh/sdk/node'
import { capabilities } from './capabilities.js'

const { MESH_SERVER: server = 'http://127.0.0.1:8080', MESH_SECRET_KEY_FILE: file = 'bob.key' } =
  process.env
await using agent = await MeshAgent.serve({ server, key: await readKeyFile(file), capabilities })
console.log(`${agent.member.id} is ${agent.status.state}`)
await once(process, 'SIGTERM')
