import { MeshError } from '@agent-mesh/core'
import type { Database } from 'better-sqlite3'

/** Each runs once, in this order; what stands here never changes, only more is added below. */
const migrations: readonly string[] = [
  `CREATE TABLE agents (
     name          TEXT PRIMARY KEY,
     id            TEXT NOT NULL,
     server        TEXT NOT NULL,
     group_name    TEXT,
     capabilities  TEXT NOT NULL,
     program       TEXT,
     ca_file       TEXT,
     insecure_http INTEGER NOT NULL,
     revoked_at    INTEGER
   ) STRICT;
   CREATE TABLE directories (
     agent      TEXT PRIMARY KEY REFERENCES agents (name) ON DELETE CASCADE,
     saved_at   INTEGER NOT NULL,
     directory  TEXT NOT NULL
   ) STRICT;`,
]

/** Brings a database to the newest schema; one from a newer release is refused, not guessed at. */
export function migrate(database: Database): void {
  const version = Number(database.pragma('user_version', { simple: true }))
  if (version > migrations.length) {
    throw new MeshError('config', `state.db is from a newer release (schema ${version})`, {
      hint: 'use the newer release, or another MESH_HOME',
    })
  }
  migrations.slice(version).forEach((sql, index) => {
    database.transaction(() => {
      database.exec(sql)
      database.pragma(`user_version = ${version + index + 1}`)
    })()
  })
}
