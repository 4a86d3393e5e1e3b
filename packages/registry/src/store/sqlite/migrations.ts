/**
 * Numbered steps from an empty file to today's schema. Each runs once; none is ever edited after a
 * release. The number of steps that ran is SQLite's `user_version`.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO counters VALUES ('sequence', 0);

  CREATE TABLE people (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE tokens (
    hash BLOB PRIMARY KEY,
    person TEXT NOT NULL REFERENCES people (id),
    device TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tokens_of_person ON tokens (person, created_at);

  CREATE TABLE login_codes (
    hash BLOB PRIMARY KEY,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE groups (
    name TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO groups VALUES ('default', 0);

  CREATE TABLE agents (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    group_name TEXT NOT NULL REFERENCES groups (name),
    sequence INTEGER NOT NULL,
    description TEXT NOT NULL,
    hidden INTEGER NOT NULL,
    document BLOB NOT NULL,
    signature BLOB NOT NULL,
    search_text TEXT NOT NULL,
    registered_by TEXT NOT NULL REFERENCES people (id),
    registered_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    UNIQUE (group_name, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX agents_by_name ON agents (name, id);

  CREATE TABLE capabilities (
    agent TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (agent, position)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX capabilities_by_name ON capabilities (name, agent);

  CREATE TABLE rules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_name TEXT NOT NULL REFERENCES groups (name),
    effect TEXT NOT NULL,
    from_agent TEXT NOT NULL,
    to_agent TEXT NOT NULL,
    capability TEXT NOT NULL,
    created_by TEXT NOT NULL REFERENCES people (id),
    created_at INTEGER NOT NULL,
    UNIQUE (group_name, effect, from_agent, to_agent, capability)
  ) STRICT;

  CREATE TABLE revocations (
    exchange_key BLOB PRIMARY KEY,
    agent TEXT NOT NULL,
    revoked_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
]
