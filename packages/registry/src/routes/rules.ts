import type { Handlers } from '../app.js'
import type { Committed } from '../directory/changes.js'
import type { Rules } from '../directory/rules.js'
import { ruleView } from '../directory/views.js'
import type { Feed } from '../feed/feed.js'
import type { Store, StoredRule } from '../store/store.js'
import { defaultGroup } from './default-group.js'

export interface RuleRouteParts {
  readonly store: Store
  readonly rules: Rules
  readonly feed: Feed
}

export function ruleRoutes({
  store,
  rules,
  feed,
}: RuleRouteParts): Pick<Handlers, 'rules' | 'addRule' | 'removeRule'> {
  /** The change is durable by now; the answer waits until daemons enforce it. */
  const whenSpread = async ({ result, sequence }: Committed<StoredRule>) => ({
    rule: ruleView(result, store.read),
    feed: await feed.spread(sequence, result.group),
  })
  return {
    rules: ({ viewer }) => ({
      rules: store.read.rules.inGroups(viewer.groups).map((rule) => ruleView(rule, store.read)),
    }),
    addRule: ({ body, viewer }) => whenSpread(rules.add(body, viewer.login.person, defaultGroup)),
    removeRule: ({ params, viewer }) =>
      whenSpread(rules.remove(params.id, viewer.login.person, viewer.groups)),
  }
}
