import { join } from 'node:path'
import { createLocalClient } from '@agent-mesh/api/local'
import { unixTransport } from '@agent-mesh/api/local/node'
import { isMeshError, MeshError } from '@agent-mesh/core'
import { nodeCrypto } from '@agent-mesh/core/node'
import { Mesh } from '@agent-mesh/sdk'
import { Activity } from './activity.js'
import { createBackend } from './backend.js'
import type { Config } from './config.js'
import { Events } from './events.js'
import { prepareHome } from './home.js'
import { HomeLock } from './home-lock.js'
import { httpSecretOf } from './keys/http-secret.js'
import { drainMs, logFiles, maxLogBytes, otherDaemonMs } from './limits.js'
import { programEnvironment } from './local-agents/call-context.js'
import { createLocalAgent } from './local-agents/create.js'
import { createApp } from './local-api/app.js'
import { LocalServer } from './local-api/server.js'
import { LogFile } from './log-file.js'
import { Policy } from './policy.js'
import { Roster } from './roster.js'
import type { AgentRecord } from './state/agents-table.js'
import { State } from './state/state.js'
import { Teardown } from './teardown.js'
import { version } from './version.js'

/** A running daemon. Disposing it twice is fine. */
export interface Daemon extends AsyncDisposable {
  /** Fulfils when somebody asked over the local API that it end. */
  readonly shutdownAsked: Promise<void>
}

/**
 * Puts the parts together. Resolves when the socket answers; the links of its agents come up
 * behind it. Disposing lets calls end in bounded time, closes the links, and removes the socket last.
 * @throws MeshError 'config' when the home cannot be used, or another daemon runs on it
 */
export async function startDaemon(config: Config): Promise<Daemon> {
  const teardown = new Teardown()
  try {
    return await compose(config, teardown)
  } catch (error) {
    await teardown[Symbol.asyncDispose]()
    throw error
  }
}

async function compose(config: Config, teardown: Teardown): Promise<Daemon> {
  const { home } = config
  const startedAt = performance.now()
  prepareHome(home)
  teardown.use(await takeHome(config))
  const policy = new Policy(home)
  const logLimits = { maxBytes: maxLogBytes, files: logFiles }
  const logFile = teardown.use(new LogFile(join(home, 'logs', 'meshd.log'), logLimits))
  const events = new Events(logFile, config.logLevel)
  teardown.defer(() => events.daemonEnded())
  const state = teardown.use(new State(home))
  const activity = new Activity()
  const mesh = new Mesh({ crypto: nodeCrypto })
  const programOf = programMaker(config, activity)
  const roster = new Roster({ home, mesh, state, policy, events, programOf })

  let isEnding = false
  let shutdown = () => {}
  const shutdownAsked = new Promise<void>((resolve) => {
    shutdown = resolve
  })
  const backend = createBackend({
    home,
    startedAt,
    policy,
    roster,
    events,
    isEnding: () => isEnding,
    shutdown,
  })
  const app = createApp({
    backend,
    onInternalError: (error) => events.internalError('local-api', error),
  })
  let server: LocalServer | undefined
  teardown.defer(() => server?.[Symbol.asyncDispose]())
  teardown.defer(() => activity.idle())
  teardown.use(mesh)
  teardown.use(roster)
  teardown.defer(() => {
    isEnding = true
    events.daemonDraining()
    return roster.drain(drainMs)
  })
  // Whoever finds the socket finds the agents too; their links come up behind it.
  await roster.start()
  server = await LocalServer.listen(config.socketPath, app)
  events.daemonStarted({ version, home, agents: roster.agents.length })
  return { shutdownAsked, [Symbol.asyncDispose]: () => teardown[Symbol.asyncDispose]() }
}

/** @throws MeshError 'config' naming the daemon that has the home */
async function takeHome({ home, socketPath }: Config): Promise<HomeLock> {
  try {
    return new HomeLock(home)
  } catch (error) {
    if (!isMeshError(error) || error.details?.['reason'] !== 'locked') throw error
    const other = createLocalClient({ transport: unixTransport(socketPath) })
    const answer = other.version({ signal: AbortSignal.timeout(otherDaemonMs) })
    const { pid } = await answer.catch(() => ({ pid: undefined }))
    const whose = pid === undefined ? '' : `, pid ${pid}`
    throw new MeshError('config', `meshd is already running on ${home}${whose}`, {
      cause: error,
      hint: 'meshctl status',
    })
  }
}

function programMaker({ home, environment }: Config, activity: Activity) {
  const inherited = programEnvironment(environment)
  return ({ name, program }: AgentRecord) =>
    program === null
      ? undefined
      : createLocalAgent(program, {
          activity,
          environment: inherited,
          secret: () => httpSecretOf(home, name),
        })
}
