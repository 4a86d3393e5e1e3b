import { MeshError } from '@agent-mesh/core'
import type { CallHandler } from './calls/call.js'
import { type ConnectOptions, joinAlone } from './client.js'
import type { Member } from './member.js'
import type { MemberStatus } from './member-status.js'
import type { Mesh } from './mesh.js'

export interface ServeOptions extends ConnectOptions {
  /** Who answers which capability. Rules still decide who may call it. */
  readonly capabilities: Readonly<Record<string, CallHandler>>
}

/** An agent that answers calls; it can call others as well, through `member`. */
export class MeshAgent implements AsyncDisposable {
  readonly #mesh: Mesh
  readonly #member: Member

  /** Made by `serve`. */
  private constructor(mesh: Mesh, member: Member) {
    this.#mesh = mesh
    this.#member = member
  }

  /** Resolves when the agent can be called. @throws as `MeshClient.connect`. */
  static async serve(options: ServeOptions): Promise<MeshAgent> {
    const { capabilities, ...rest } = options
    const { mesh, member } = await joinAlone({ ...rest, handler: byCapability(capabilities) })
    return new MeshAgent(mesh, member)
  }

  get member(): Member {
    return this.#member
  }

  get status(): MemberStatus {
    return this.#member.status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mesh[Symbol.asyncDispose]()
  }
}

function byCapability(capabilities: Readonly<Record<string, CallHandler>>): CallHandler {
  const handlers = new Map(Object.entries(capabilities))
  return (call) => {
    const handler = handlers.get(call.capability)
    if (handler !== undefined) return handler(call)
    throw new MeshError('not-found', undefined, { details: { capability: call.capability } })
  }
}
