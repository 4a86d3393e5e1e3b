import { resolve } from 'node:path'
import { Child, TempFolder } from '@agent-mesh/testkit'
import { describe, expect, it } from 'vitest'

const repositoryRoot = resolve(import.meta.dirname, '../../..')

// The first minute as the command contract has it, letter by letter.
const prelude = `
S=$(mktemp -d); export MESH_HOME=$S/h PATH="$PWD/scripts/bin:$PATH"
agent-mesh-server --listen 127.0.0.1:0 --db-path $S/s.db --owner-login-file $S/o --ready-file $S/r >$S/server.log 2>&1 & P=$!
until [ -s $S/r ]; do sleep .1; done; U=$(cat $S/r); meshctl login --server $U --token-file $S/o
meshctl up --name bob --capability echo -- cat; meshctl up --name alice
req() { meshctl request --as alice --target bob --capability echo "$@"; }
req --payload '{"message":"hi"}'; echo $?
meshctl acl allow --from alice --to bob --capability echo; req --payload '{"message":"hi"}'
`

// What stands before it only cleans up, however it ends.
const script = `
trap 'meshctl down; kill $P; wait $P; rm -rf "$S"' EXIT
${prelude}
`

describe('the first minute', () => {
  it('works in bash as it is written', async () => {
    await using folder = await TempFolder.create()
    await using bash = new Child('/bin/bash', ['-c', script], {
      cwd: repositoryRoot,
      env: { HOME: folder.path, TMPDIR: folder.path },
    })
    await bash.exit
    expect(bash.stdout.toString('utf8'), bash.stderr).toBe('6\n{"message":"hi"}')
    expect(bash.stderr).toMatch(/^error: denied: .*alice.*echo.*bob.*$/m)
    expect(bash.stderr).toMatch(
      /^hint: {2}meshctl acl allow --from alice --to bob --capability echo$/m,
    )
  })
})
