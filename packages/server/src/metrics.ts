import type { Registry as MeshRegistry, RegistryEvents } from '@agent-mesh/registry'
import { type Relay, registerRelayMetrics } from '@agent-mesh/relay'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'

export type Metrics = Pick<Registry, 'metrics' | 'contentType'>

export interface MetricSources {
  readonly registry: MeshRegistry
  readonly relay: Relay
  readonly events: RegistryEvents
}

/** Figures for Prometheus, read from live counters when they are asked for. No ids, no names. */
export function createMetrics({ registry, relay, events }: MetricSources): Metrics {
  const metrics = new Registry()
  collectDefaultMetrics({ register: metrics })
  registerRelayMetrics(metrics, relay)
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [metrics],
      collect() {
        this.set(read())
      },
    })
  gauge('mesh_agents', 'Registered agents', () => registry.figures.agents)
  gauge('mesh_feed_followers', 'Feed connections', () => registry.figures.followers)
  new Counter({
    name: 'mesh_registry_events_total',
    help: 'What the registry did',
    labelNames: ['event'],
    registers: [metrics],
    collect() {
      this.reset()
      for (const [event, count] of Object.entries(events.counters)) this.inc({ event }, count)
    },
  })
  return metrics
}
