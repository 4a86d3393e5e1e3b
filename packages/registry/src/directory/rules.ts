import type { RuleRequest } from '@agent-mesh/api'
import { type Clock, MeshError, type RulePrincipal } from '@agent-mesh/core'
import type { RegistryEvents } from '../events.js'
import { limits } from '../limits.js'
import type { Person, Store, StoredRule } from '../store/store.js'
import type { Changes, Committed } from './changes.js'
import { findTarget } from './lookup.js'
import { feedRule } from './views.js'

/** "`from` may invoke these capabilities on `to`": kept between ids, asked for by any name. */
export class Rules {
  readonly #store: Store
  readonly #clock: Clock
  readonly #changes: Changes
  readonly #events: RegistryEvents

  constructor(parts: { store: Store; clock: Clock; changes: Changes; events: RegistryEvents }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#changes = parts.changes
    this.#events = parts.events
  }

  /**
   * Adds a rule; one that exists already is answered as it is.
   *
   * @throws MeshError `unknown-agent` · `ambiguous` · `store-full`
   */
  add(request: RuleRequest, person: Person, group: string): Committed<StoredRule> {
    const { effect, capability } = request
    const from = this.#resolve(request.from, group)
    const to = this.#resolve(request.to, group)
    const meaning = { group, effect, from, to, capability }
    let isNew = false
    const committed = this.#changes.commit((tx) => {
      const existing = tx.rules.meaning(meaning)
      if (existing !== undefined) return { result: existing }
      isNew = true
      if (tx.rules.count(group) >= limits.rules) {
        throw new MeshError('store-full', `group ${group} has ${limits.rules} rules already`)
      }
      const createdAt = this.#clock.wall()
      const rule = tx.rules.add({ ...meaning, createdAt, createdBy: person.id })
      return { result: rule, change: { group, upsert: { rules: [feedRule(rule)] }, remove: {} } }
    })
    if (isNew) this.#events.ruleChanged('added', committed.result.id, person)
    return committed
  }

  /** @throws MeshError `not-found` */
  remove(id: string, person: Person, groups: readonly string[]): Committed<StoredRule> {
    const committed = this.#changes.commit((tx) => {
      const rule = tx.rules.byId(id)
      if (rule === undefined || !groups.includes(rule.group)) {
        throw new MeshError('not-found', `there is no rule ${id}`, { details: { id } })
      }
      tx.rules.remove(id)
      return { result: rule, change: { group: rule.group, upsert: {}, remove: { rules: [id] } } }
    })
    this.#events.ruleChanged('removed', id, person)
    return committed
  }

  #resolve(principal: string, group: string): RulePrincipal {
    return principal === '*' ? '*' : findTarget(this.#store.read, principal, [group]).id
  }
}
