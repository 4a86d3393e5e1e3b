// Bob's program. meshd runs it once per call: the body on stdin, stdout is the answer, and what is
// called is in the environment. A call that is cancelled ends it with SIGTERM.
import { appendFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'

const capability = process.env['MESH_CAPABILITY'] ?? ''
const note = (/** @type {string} */ what) => appendFileSync('bob.notes', `${capability} ${what}\n`)

process.once('SIGTERM', () => {
  note('was cancelled')
  process.exit(1)
})
// Only now: whoever reads it may cancel at once.
note('began')

if (capability === 'count') {
  const { to } = JSON.parse(await text(process.stdin))
  for (let number = 1; number <= to; number++) {
    process.stdout.write(`piece ${number}\n`)
    await pause(150)
  }
} else if (capability === 'think') {
  setInterval(() => {}, 1_000)
} else {
  process.stdin.pipe(process.stdout)
}
