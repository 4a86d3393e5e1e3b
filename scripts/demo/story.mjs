// What the demo tells, step by step. Every line with a `$` is run as it stands.
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { dissect, findCarrier, search } from './eavesdropping.mjs'
import { Failure } from './failure.mjs'
import { Person } from './person.mjs'
import { Server } from './server.mjs'
import { Shell } from './shell.mjs'
import { WireTap } from './wire-tap.mjs'

const bigBytes = 20_000_000
const noteLimitMs = 30_000

/**
 * @typedef {object} Cast
 * @property {import('./stage.mjs').Stage} stage
 * @property {import('./terminal.mjs').Terminal} terminal
 * @property {WireTap} tap
 * @property {Server} server
 * @property {Shell} operator
 * @property {Person} alice
 * @property {Person} bob
 */

/** @param {import('./stage.mjs').Stage} stage @param {import('./terminal.mjs').Terminal} terminal */
export async function play(stage, terminal) {
  const tap = new WireTap()
  stage.onClose(() => tap.close())
  const url = await tap.listen()
  const server = new Server(stage, terminal, url)
  const operator = new Shell(stage, terminal, {
    who: 'server',
    logFiles: [server.logFile],
  })
  const { logFile: serverLog } = server
  const alice = new Person(stage, terminal, { name: 'alice', serverLog })
  const bob = new Person(stage, terminal, { name: 'bob', serverLog })
  const cast = { stage, terminal, tap, server, operator, alice, bob }
  terminal.line(`agent-mesh on one machine: a server, and two daemons in ${stage.folder}`)
  await startServer(cast)
  await logIn(cast, url)
  await register(cast)
  await discover(cast)
  await denyAndAllow(cast)
  await stream(cast)
  await cancel(cast)
  await carryMuch(cast)
  await eavesdrop(cast)
  await surviveCrash(cast)
  terminal.line('')
}

/** @param {Cast} cast */
async function startServer({ terminal, tap, server }) {
  terminal.begin('server', 'Relay and registry in one process. A wire tap stands before it.')
  tap.target = await server.start()
}

/** @param {Cast} cast @param {string} url */
async function logIn({ terminal, operator, alice, bob }, url) {
  terminal.begin(
    'login',
    'Each person logs in with a one-time code, into a MESH_HOME of their own.',
  )
  for (const person of [alice, bob]) {
    const { stdout } = await operator.run('agent-mesh-server owner-login --db-path mesh.db')
    await person.run(`meshctl login --server ${url} --code ${stdout.trim()}`)
  }
}

/** @param {Cast} cast */
async function register({ terminal, alice, bob }) {
  terminal.begin('registration', 'An agent is a key. Its card says what it can do.')
  const program = fileURLToPath(new URL('./agent.mjs', import.meta.url))
  const capabilities = ['echo', 'count', 'think'].map((name) => `--capability ${name}`).join(' ')
  await bob.up(`meshctl up --name bob ${capabilities} -- node ${program}`)
  await alice.up('meshctl up --name alice')
}

/** @param {Cast} cast */
async function discover({ terminal, alice }) {
  terminal.begin('discovery', 'Alice looks for somebody who can count.')
  const { stdout } = await alice.run('meshctl discover --capability count')
  if (!/\bbob\b/.test(stdout)) throw new Failure('bob was not found')
}

/** @param {Cast} cast */
async function denyAndAllow({ stage, terminal, alice }) {
  terminal.begin('default deny', 'No rule, no call. One rule, one capability.')
  const call = `meshctl request --target bob --capability echo --payload '{"message":"hi"}'`
  await alice.run(call, { expected: 6 })
  if (notes(stage).length > 0) throw new Failure("a denied call reached bob's program")
  terminal.note("exit code 6, and bob's program never heard of it")
  await alice.run('meshctl acl allow --from alice --to bob --capability echo')
  const { stdout } = await alice.run(call)
  if (stdout !== '{"message":"hi"}\n') throw new Failure(`the answer was ${stdout}`)
}

/** @param {Cast} cast */
async function stream({ terminal, alice }) {
  terminal.begin('streaming', 'Each piece is here as soon as bob has written it.')
  await alice.run("meshctl acl allow --from alice --to bob --capability '*'")
  const pieces = /** @type {string[]} */ ([])
  await alice.run(`meshctl request --target bob --capability count --payload '{"to":5}'`, {
    show: timed(),
    onLine: (line) => pieces.push(line),
  })
  needPieces(pieces, 5)
}

/** @param {Cast} cast */
async function cancel(cast) {
  const { terminal, alice } = cast
  terminal.begin('cancelling', 'Bob thinks for ever. Ctrl-C is heard by his program.')
  const line = 'meshctl request --target bob --capability think'
  const { child, done } = alice.start(line, { expected: 130 })
  await noted(cast, 'think began')
  terminal.line('^C')
  child.kill('SIGINT')
  await done
  await noted(cast, 'think was cancelled')
  terminal.note("exit code 130, and bob's program got the signal")
}

/** @param {Cast} cast */
async function carryMuch({ stage, terminal, alice }) {
  terminal.begin('20 MB there and back', 'Chunked, with flow control, sealed end to end.')
  await alice.run(`head -c ${bigBytes} /dev/urandom > big`)
  const startedAt = performance.now()
  await alice.run('meshctl request --target bob --capability echo --payload @big > back')
  const seconds = (performance.now() - startedAt) / 1000
  const [sent, received] = await Promise.all(
    ['big', 'back'].map((name) => sha256(stage.file(name))),
  )
  terminal.line(`sha256 of big   ${sent}`)
  terminal.line(`sha256 of back  ${received}`)
  if (sent !== received) throw new Failure('what came back is not what was sent')
  terminal.note(`40 MB in ${seconds.toFixed(1)} s`)
}

/** @param {Cast} cast */
async function eavesdrop({ terminal, tap, alice }) {
  terminal.begin('what the relay sees', 'The wire tap records both links while alice calls bob.')
  const { stdout: card } = await alice.run('meshctl show bob --json', { isHidden: true })
  const words = '{"message":"the tide turns at six, bring both boats"}'
  tap.record()
  await alice.run(`meshctl request --target bob --capability echo --payload '${words}'`)
  const messages = tap.stop()
  const carrier = findCarrier(messages, words)
  if (carrier === undefined) throw new Failure('no packet of the call passed the tap')
  terminal.line('')
  terminal.line('The relay saw:')
  for (const row of dissect(carrier)) terminal.line(`  ${row}`)
  terminal.line('and could not see:')
  terminal.line(`  ${words}`)
  const { packets, bytes, found } = search(messages, {
    'the words': Buffer.from(words.slice(12, -2)),
    'the capability': Buffer.from('"echo"'),
    'the content type': Buffer.from('application/json'),
    "bob's key": Buffer.from(JSON.parse(card).id, 'base64url'),
  })
  const { "bob's key": control, ...hidden } = found
  terminal.line('')
  const missing = Object.keys(hidden).join(', ')
  terminal.note(`searched ${packets} packets, ${bytes} bytes: not one holds ${missing}`)
  terminal.note(`the search works: ${control} of them name bob's key, which a relay has to know`)
  if (Object.values(hidden).some((count) => count > 0)) throw new Failure('the relay could read')
  if (control === 0) throw new Failure('the search finds nothing at all')
}

/** @param {Cast} cast */
async function surviveCrash({ stage, terminal, tap, server, alice }) {
  terminal.begin('crash', 'The server dies without a word, in the middle of a streamed answer.')
  const pieces = /** @type {string[]} */ ([])
  const begun = () => notes(stage).filter((note) => note === 'count began').length
  const before = begun()
  /** @type {(value: unknown) => void} */
  let reachFifth = () => {}
  const fifth = new Promise((resolve) => {
    reachFifth = resolve
  })
  const line = `meshctl request --target bob --capability count --payload '{"to":20}'`
  const { done } = alice.start(line, {
    show: timed(),
    onLine: (piece) => {
      pieces.push(piece)
      if (pieces.length === 5) reachFifth(undefined)
    },
  })
  await Promise.race([fifth, done])
  await server.kill()
  tap.target = await server.start()
  await done
  needPieces(pieces, 20)
  if (begun() !== before + 1) throw new Failure(`the call ran ${begun() - before} times`)
  terminal.note('every piece came once and in order; the call ran once')
}

/** @returns {(line: string) => string} puts the time since now before a line */
function timed() {
  const startedAt = performance.now()
  return (line) => `  +${((performance.now() - startedAt) / 1000).toFixed(2)} s  ${line}`
}

/** @param {readonly string[]} pieces @param {number} count */
function needPieces(pieces, count) {
  const wanted = Array.from({ length: count }, (_, index) => `piece ${index + 1}`)
  if (pieces.join() !== wanted.join()) throw new Failure(`the pieces were ${pieces.join(', ')}`)
}

/** What bob's program wrote down. @param {import('./stage.mjs').Stage} stage */
function notes(stage) {
  const file = stage.file('bob.notes')
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
}

/** @param {Cast} cast @param {string} note */
async function noted({ stage, bob }, note) {
  const giveUpAt = performance.now() + noteLimitMs
  while (!notes(stage).includes(note)) {
    if (performance.now() > giveUpAt)
      throw new Failure(`bob never noted "${note}"`, ...bob.logFiles)
    if (stage.isClosing) throw new Failure('the demo is ending')
    await pause(20)
  }
}

/** @param {string} file */
async function sha256(file) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
