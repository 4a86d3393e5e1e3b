import type { Program } from '@agent-mesh/api/local'
import type { Activity } from '../activity.js'
import { maxQueuedPerAgent, maxRunningPerAgent } from '../limits.js'
import { ExecAgent } from './exec.js'
import { HttpAgent } from './http.js'
import type { LocalAgent } from './local-agent.js'
import { Slots } from './slots.js'

interface Surroundings {
  /** Hears of everything that runs. */
  readonly activity: Activity
  readonly environment: Readonly<Record<string, string>>
  /** The `Mesh-Secret` of the agent; asked for only where one is needed. */
  readonly secret: () => string
}

export function createLocalAgent(program: Program, around: Surroundings): LocalAgent {
  const { activity, environment } = around
  const slots = new Slots({ running: maxRunningPerAgent, queued: maxQueuedPerAgent })
  switch (program.kind) {
    case 'exec': {
      const { argv, cwd } = program
      return new ExecAgent({ argv, cwd, environment, slots, activity })
    }
    case 'http':
      return new HttpAgent({ url: program.url, secret: around.secret(), slots, activity })
  }
}
