import type { Registry as MeshRegistry, RegistryEvents } from '@agent-mesh/registry'
import type { Relay } from '@agent-mesh/relay'
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
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [metrics],
      collect() {
        this.set(read())
      },
    })
  const counter = (name: string, help: string, label: string, read: () => Counts) =>
    new Counter({
      name,
      help,
      labelNames: label === '' ? [] : [label],
      registers: [metrics],
      collect() {
        this.reset()
        for (const [value, count] of Object.entries(read())) {
          if (label === '') this.inc(count)
          else this.inc({ [label]: value }, count)
        }
      },
    })
  const relayed = relay.metrics()
  gauge('mesh_agents', 'Registered agents', () => registry.figures.agents)
  gauge('mesh_feed_followers', 'Feed connections', () => registry.figures.followers)
  gauge('mesh_relay_links', 'Agents connected to the relay', () => relay.status().links)
  gauge('mesh_relay_queued_bytes', 'Bytes in send-queues', () => relay.status().queuedBytes)
  counter('mesh_registry_events_total', 'What the registry did', 'event', () => ({
    ...events.counters,
  }))
  counter('mesh_relay_connections_total', 'Connections accepted', '', () => ({
    all: relayed.connections,
  }))
  counter('mesh_relay_logins_total', 'Logins accepted', '', () => ({ all: relayed.logins }))
  counter('mesh_relay_refusals_total', 'Logins refused', 'code', () => relayed.refusals)
  counter('mesh_relay_packets_total', 'Packets forwarded', '', () => ({
    all: relayed.forwardedPackets,
  }))
  counter('mesh_relay_bytes_total', 'Bytes forwarded', '', () => ({ all: relayed.forwardedBytes }))
  counter(
    'mesh_relay_undeliverable_total',
    'Packets refused',
    'reason',
    () => relayed.undeliverable,
  )
  counter('mesh_relay_throttled_total', 'Pauses of senders', '', () => ({ all: relayed.throttled }))
  counter('mesh_relay_links_ended_total', 'Links ended', 'end', () => relayed.linkEnds)
  return metrics
}

type Counts = Readonly<Record<string, number>>
