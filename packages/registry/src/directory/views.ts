/** How what is stored looks to those who ask, by request and by feed. */
import type { AgentView, FeedAgent, FeedRule, FeedSnapshot, RuleView } from '@agent-mesh/api'
import {
  type AgentId,
  type RulePrincipal,
  type SignedDocument,
  signedToText,
} from '@agent-mesh/core'
import type { StoredAgent, StoredRule, StoreReader } from '../store/store.js'

/** Whether the agent is online; registries without a relay have none. */
export type Presence = (id: AgentId) => boolean

export function agentView(agent: StoredAgent, presence: Presence | undefined): AgentView {
  const { id, name, group, sequence, registeredAt, lastSeenAt } = agent
  return {
    id,
    name,
    group,
    sequence,
    capabilities: [...agent.capabilities],
    card: cardText(agent),
    online: agent.hidden || presence === undefined ? null : presence(id),
    registeredAt,
    lastSeenAt,
  }
}

export function feedAgent(agent: StoredAgent): FeedAgent {
  return { ...cardText(agent), group: agent.group }
}

export function feedRule({ id, effect, from, to, capability }: StoredRule): FeedRule {
  return { id, effect, from, to, capability }
}

export function ruleView(rule: StoredRule, store: StoreReader): RuleView {
  const nameOf = (principal: RulePrincipal) =>
    principal === '*' ? null : (store.agents.byId(principal)?.name ?? null)
  return {
    ...feedRule(rule),
    fromName: nameOf(rule.from),
    toName: nameOf(rule.to),
    createdAt: rule.createdAt,
    createdBy: rule.createdBy,
  }
}

/** Everything that members of these groups may see. */
export function snapshotOf(
  store: StoreReader,
  groups: readonly string[],
): Omit<FeedSnapshot, 'type'> {
  const agents = store.agents.inGroups(groups)
  const visible = new Set(agents.map(({ id }) => id))
  return {
    sequence: store.settings.sequence(),
    agents: agents.map(feedAgent),
    rules: store.rules.inGroups(groups).map(feedRule),
    groups: groups.map((name) => ({ name })),
    revoked: store.revocations.all().filter((id) => visible.has(id)),
  }
}

function cardText({ document, signature }: StoredAgent): SignedDocument {
  return signedToText({ json: document, signature })
}
