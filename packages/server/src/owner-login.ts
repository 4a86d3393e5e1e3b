import { type Crypto, systemClock } from '@agent-mesh/core'
import { createOwnerCode, type OwnerCode, openSqliteStore, type Store } from '@agent-mesh/registry'
import { writeWhole } from './files.js'
import type { Io } from './io.js'
import type { Log } from './log.js'

export interface FirstOwner {
  readonly store: Store
  readonly crypto: Crypto
  readonly io: Io
  readonly log: Log
  readonly url: string
  readonly dbPath: string
  readonly ownerLoginFile: string | undefined
}

/**
 * While there is no owner, makes a login code and puts it where only the owner looks: the file that
 * was named, else the terminal, else a file of its own whose path is logged. Never into a log.
 */
export async function offerOwnerLogin(parts: FirstOwner): Promise<void> {
  const { store, crypto, io, log, url } = parts
  if (store.read.people.owner() !== undefined) return
  const login = await createOwnerCode(store, crypto, systemClock.wall())
  if (parts.ownerLoginFile === undefined && io.stdout.isTTY) {
    io.stdout.write(invitation(login, url))
    return
  }
  const path = parts.ownerLoginFile ?? `${parts.dbPath}.owner-login`
  await writeWhole(path, `${login.code}\n`)
  log('warn', 'server.no-owner-yet', { loginFile: path, validUntil: isoTime(login.expiresAt) })
  if (io.stdout.isTTY) {
    io.stdout.write(
      `No owner yet. On this machine run:\n\n    meshctl login --server ${url} --token-file ${path}\n\n`,
    )
  }
}

/** `agent-mesh-server owner-login`: the code is all of stdout. */
export async function printOwnerLogin(dbPath: string, crypto: Crypto, io: Io): Promise<void> {
  // Not `create`: a running server of another version owns the schema.
  using store = openSqliteStore(dbPath, { create: false })
  const login = await createOwnerCode(store, crypto, systemClock.wall())
  io.stdout.write(`${login.code}\n`)
  io.stderr.write(
    `✓ one-time login code for the owner, valid until ${clockTime(login.expiresAt)}\n`,
  )
  io.stderr.write(`  meshctl login --server URL --code ${placeholder}\n`)
}

// The code itself stays on stdout: stderr is what ends up in logs.
const placeholder = 'XXXX-XXXX'

function invitation({ code, expiresAt }: OwnerCode, url: string): string {
  const until = clockTime(expiresAt)
  const command = `meshctl login --server ${url} --code ${code}`
  // The command stands alone on its line, so that a triple click takes it whole at 80 columns.
  return `No owner yet. On this machine run, until ${until}:\n\n    ${command}\n\n`
}

function clockTime(wall: number): string {
  const date = new Date(wall)
  return [date.getHours(), date.getMinutes()].map((n) => String(n).padStart(2, '0')).join(':')
}

function isoTime(wall: number): string {
  return new Date(wall).toISOString()
}
