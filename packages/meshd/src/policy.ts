import { join } from 'node:path'
import { fields } from '@agent-mesh/api'
import type { Rule } from '@agent-mesh/core'
import { isMeshError, MeshError, parseRule } from '@agent-mesh/core'
import * as v from 'valibot'
import { readTomlFile } from './toml-file.js'

// meshctl keeps its own tables in the same file; the daemon looks at this one alone.
const ConfigFile = v.object({
  rules: v.optional(fields({ follow_registry: v.optional(v.boolean()) })),
})

const RulesFile = v.object({ rules: v.optional(v.array(v.unknown())) })

interface Rules {
  readonly local: readonly Rule[]
  readonly followRegistry: boolean
}

/**
 * What this machine's user decided: `rules.toml`, and whether the registry's rules count at all
 * (`[rules] follow_registry` in `config.toml`; absent means they do not).
 */
export class Policy {
  readonly #home: string
  #rules: Rules

  /** @throws MeshError 'config' naming file and place */
  constructor(home: string) {
    this.#home = home
    this.#rules = readRules(home)
  }

  /** Reads both files again; when one is broken, throws, and what was in force stays so. */
  reload(): void {
    this.#rules = readRules(this.#home)
  }

  localRules(): readonly Rule[] {
    return this.#rules.local
  }

  followRegistry(): boolean {
    return this.#rules.followRegistry
  }
}

function readRules(home: string): Rules {
  const config = readTomlFile(join(home, 'config.toml'), ConfigFile)
  const path = join(home, 'rules.toml')
  const { rules = [] } = readTomlFile(path, RulesFile) ?? {}
  return {
    local: rules.map((rule, index) => ruleOf(rule, `${path}, rule ${index + 1}`)),
    followRegistry: config?.rules?.follow_registry === true,
  }
}

function ruleOf(value: unknown, what: string): Rule {
  try {
    // smol-toml's tables have no prototype, which a schema may take for something else than a table.
    return parseRule({ ...Object(value) }, what)
  } catch (cause) {
    if (isMeshError(cause)) throw new MeshError('config', cause.message, { cause })
    throw cause
  }
}
