import type { AgentStatus, DaemonStatus } from '@agent-mesh/api/local'
import { describeAge, describeUptime } from '../duration.js'
import type { Invocation } from '../invocation.js'
import { displayId, type Output } from '../output.js'
import { printable } from '../printable.js'
import type { Define } from '../program.js'
import { helpEnd } from '../usage.js'

export const defineStatus: Define = (command, act) => {
  command
    .description('Shows the daemon of this MESH_HOME, its agents, their links and calls.')
    .usage('[--json] [--wide]')
    .action(act(status))
    .addHelpText(
      'after',
      helpEnd(['meshctl status', "meshctl status --json | jq '.agents[].state'"], {
        7: 'meshd is not running',
      }),
    )
}

async function status(invocation: Invocation): Promise<void> {
  const { output, signal } = invocation
  const answer = await invocation.daemon().status({ signal })
  if (output.isJson) output.json(answer)
  else describe(answer, output)
}

function describe({ daemon, servers, agents }: DaemonStatus, output: Output): void {
  if (servers.length === 0) output.data('server  none yet')
  for (const server of servers) {
    const age = server.ageMs === null ? '' : ` (${describeAge(server.ageMs)} old)`
    output.data(`server  ${server.url}   ${server.state} · rules ${server.rules}${age}`)
  }
  const count = `${agents.length} agent${agents.length === 1 ? '' : 's'}`
  const uptime = `up ${describeUptime(daemon.uptimeMs)}`
  output.data(`meshd   pid ${daemon.pid} · ${daemon.version} · ${uptime} · ${count}`)
  if (agents.length === 0) {
    output.note('Bring one online:  meshctl up --name bob --capability echo -- cat')
    return
  }
  const columns = [
    { title: 'AGENT', shrinks: true },
    { title: 'ID' },
    { title: 'STATE' },
    { title: 'LINK', shrinks: true },
    { title: 'RTT' },
    { title: 'CALLS IN/OUT' },
  ]
  output.table(
    columns,
    agents.map((agent) => row(agent, output)),
  )
  for (const { name, problem } of agents) {
    if (problem !== null) output.data(`${printable(name)}: ${printable(problem)}`)
  }
  if (!daemon.followRegistry) {
    output.data('rules   local only ([rules] follow_registry in config.toml is not true)')
  }
}

function row(agent: AgentStatus, output: Output): string[] {
  const { link, calls } = agent
  return [
    printable(agent.name),
    displayId(agent.id, output),
    agent.state,
    link.kind === 'none' ? '–' : `relay ${link.relay === null ? '' : hostOf(link.relay)}`.trim(),
    link.rttMs === null ? '–' : `${link.rttMs.toFixed(1)} ms`,
    `${calls.in} / ${calls.out}`,
  ]
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url
}
