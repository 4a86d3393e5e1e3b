// The whole of agent-mesh on one machine, in under half a minute: run it with `npm run demo`.
// Everything it starts is real and is gone when it ends, however it ends.
import { Failure } from './demo/failure.mjs'
import { Interruption } from './demo/interruption.mjs'
import { Stage } from './demo/stage.mjs'
import { play } from './demo/story.mjs'
import { Terminal } from './demo/terminal.mjs'

const terminal = new Terminal(process.stdout)
const interruption = new Interruption(['SIGINT', 'SIGTERM', 'SIGHUP'])
const stage = new Stage()

try {
  await Promise.race([play(stage, terminal), interruption.came])
  await stage.close()
  terminal.line('demo: ok')
} catch (error) {
  terminal.mute()
  // What is said last is what matters; until then the clearing up may take a few seconds.
  await stage.close()
  for (const line of Failure.report(error, terminal.step)) process.stderr.write(`${line}\n`)
  process.exitCode = error instanceof Interruption ? error.exitCode : 1
} finally {
  interruption.ignore()
}
