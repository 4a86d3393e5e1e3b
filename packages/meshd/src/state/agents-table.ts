import { parseJson } from '@agent-mesh/api'
import { Program } from '@agent-mesh/api/local'
import { type AgentId, parseAgentId } from '@agent-mesh/core'
import type { Database, Statement } from 'better-sqlite3'
import * as v from 'valibot'

/** An agent of this daemon as it was brought up. Its key is in `keys/`, never here. */
export interface AgentRecord {
  readonly name: string
  readonly id: AgentId
  /** Base URL of its server. */
  readonly server: string
  readonly group: string | null
  readonly capabilities: readonly string[]
  readonly program: Program | null
  readonly caFile: string | null
  readonly insecureHttp: boolean
  /** Milliseconds since the epoch; final (protocol.md §6). */
  readonly revokedAt: number | null
}

interface Row {
  readonly name: string
  readonly id: string
  readonly server: string
  readonly group_name: string | null
  readonly capabilities: string
  readonly program: string | null
  readonly ca_file: string | null
  readonly insecure_http: number
  readonly revoked_at: number | null
}

export class AgentsTable {
  readonly #all: Statement<[], Row>
  readonly #save: Statement<[Row]>
  readonly #remove: Statement<[string]>
  readonly #revoke: Statement<[number, string, string]>

  constructor(database: Database) {
    this.#all = database.prepare('SELECT * FROM agents ORDER BY name')
    this.#save = database.prepare(
      `INSERT INTO agents VALUES (@name, @id, @server, @group_name, @capabilities, @program,
         @ca_file, @insecure_http, @revoked_at)
       ON CONFLICT (name) DO UPDATE SET id = @id, server = @server, group_name = @group_name,
         capabilities = @capabilities, program = @program, ca_file = @ca_file,
         insecure_http = @insecure_http, revoked_at = @revoked_at`,
    )
    this.#remove = database.prepare('DELETE FROM agents WHERE name = ?')
    this.#revoke = database.prepare(
      'UPDATE agents SET revoked_at = ? WHERE name = ? AND id = ? AND revoked_at IS NULL',
    )
  }

  all(): AgentRecord[] {
    return this.#all.all().map(recordOf)
  }

  save(record: AgentRecord): void {
    this.#save.run(rowOf(record))
  }

  remove(name: string): void {
    this.#remove.run(name)
  }

  markRevoked({ name, id }: Pick<AgentRecord, 'name' | 'id'>, at: number): void {
    this.#revoke.run(at, name, id)
  }
}

function rowOf(record: AgentRecord): Row {
  return {
    name: record.name,
    id: record.id,
    server: record.server,
    group_name: record.group,
    capabilities: JSON.stringify(record.capabilities),
    program: record.program === null ? null : JSON.stringify(record.program),
    ca_file: record.caFile,
    insecure_http: record.insecureHttp ? 1 : 0,
    revoked_at: record.revokedAt,
  }
}

function recordOf(row: Row): AgentRecord {
  const where = `state.db, agent ${row.name}`
  return {
    name: row.name,
    id: parseAgentId(row.id),
    server: row.server,
    group: row.group_name,
    capabilities: parseJson(v.array(v.string()), row.capabilities, `${where}, capabilities`),
    program: row.program === null ? null : parseJson(Program, row.program, `${where}, program`),
    caFile: row.ca_file,
    insecureHttp: row.insecure_http !== 0,
    revokedAt: row.revoked_at,
  }
}
