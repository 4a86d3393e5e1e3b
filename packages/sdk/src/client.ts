import { createKeypair, SecretKey } from '@agent-mesh/core'
import type { Answer } from './calls/answer.js'
import type { CallOptions } from './calls/call.js'
import type { Body } from './calls/chunk.js'
import type { DirectoryState } from './directory/book.js'
import type { Directory, LocalPolicy } from './directory/directory.js'
import type { Member } from './member.js'
import type { MemberStatus } from './member-status.js'
import { type JoinOptions, Mesh, type MeshOptions } from './mesh.js'

export interface ConnectOptions {
  /** The server's base URL: `https://mesh.example.com`. The key is registered there already. */
  readonly server: string
  /** A secret key, or the line of text of a key file. */
  readonly key: SecretKey | string
  /** Ends the attempt; it does not end what was connected. */
  readonly signal?: AbortSignal
  /** Certificate authority in PEM, for a server with a private one. Only on Node. */
  readonly ca?: string
  /** Allows http:// and ws:// to other machines. */
  readonly insecure?: boolean
  readonly policy?: LocalPolicy
  readonly cached?: DirectoryState
  readonly mesh?: MeshOptions
}

/** An agent that calls others: one key, one connection. */
export class MeshClient implements AsyncDisposable {
  readonly #mesh: Mesh
  readonly #member: Member

  /** Made by `connect`. */
  private constructor(mesh: Mesh, member: Member) {
    this.#mesh = mesh
    this.#member = member
  }

  /**
   * Resolves when the mesh can be used.
   * @throws MeshError `config`, `login-refused`, `not-found` (not registered), `revoked`; a server
   * that does not answer is tried again until the signal aborts.
   */
  static async connect(options: ConnectOptions): Promise<MeshClient> {
    const { mesh, member } = await joinAlone(options)
    return new MeshClient(mesh, member)
  }

  get member(): Member {
    return this.#member
  }

  get directory(): Directory {
    return this.#member.directory
  }

  get status(): MemberStatus {
    return this.#member.status
  }

  /** See `Member.call`. */
  call(target: string, capability: string, body?: Body, options?: CallOptions): Promise<Answer> {
    return this.#member.call(target, capability, body, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mesh[Symbol.asyncDispose]()
  }
}

/** A process with one agent in it, ready. What fails on the way is torn down again. */
export async function joinAlone(
  options: ConnectOptions & Pick<JoinOptions, 'handler'>,
): Promise<{ mesh: Mesh; member: Member }> {
  const { key, signal, mesh: meshOptions, ...rest } = options
  signal?.throwIfAborted()
  const mesh = new Mesh(meshOptions)
  try {
    const secret = typeof key === 'string' ? SecretKey.parse(key) : key
    const member = mesh.join({ ...rest, keypair: createKeypair(secret, mesh.crypto) })
    await member.ready(signal === undefined ? {} : { signal })
    return { mesh, member }
  } catch (error) {
    await mesh[Symbol.asyncDispose]()
    throw error
  }
}
