import { Counter, Gauge, type Registry } from 'prom-client'
import type { Relay } from './relay.js'

type Counts = Readonly<Record<string, number>>

/**
 * The relay's figures for Prometheus, read from its live counters when they are asked for: a packet
 * pays for an addition and no more. No ids, no names.
 */
export function registerRelayMetrics(register: Registry, relay: Relay): void {
  const counters = relay.metrics()
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [register],
      collect() {
        this.set(read())
      },
    })
  const total = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers: [register],
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  const totals = (name: string, help: string, label: string, counts: Counts) =>
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [register],
      collect() {
        this.reset()
        for (const [value, count] of Object.entries(counts)) this.inc({ [label]: value }, count)
      },
    })
  gauge('mesh_relay_links', 'Agents connected to the relay', () => relay.status().links)
  gauge('mesh_relay_half_open', 'Logins under way', () => relay.status().halfOpen)
  gauge('mesh_relay_queued_bytes', 'Bytes in send-queues', () => relay.status().queuedBytes)
  total('mesh_relay_connections_total', 'Connections accepted', () => counters.connections)
  total('mesh_relay_logins_total', 'Logins accepted', () => counters.logins)
  totals('mesh_relay_refusals_total', 'Logins refused', 'code', counters.refusals)
  total('mesh_relay_packets_total', 'Packets forwarded', () => counters.forwardedPackets)
  total('mesh_relay_bytes_total', 'Bytes forwarded', () => counters.forwardedBytes)
  totals('mesh_relay_undeliverable_total', 'Packets refused', 'reason', counters.undeliverable)
  total('mesh_relay_throttled_total', 'Pauses of senders', () => counters.throttled)
  totals('mesh_relay_links_ended_total', 'Links ended', 'end', counters.linkEnds)
}
