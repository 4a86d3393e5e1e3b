import { MeshHome, MeshServer } from '@agent-mesh/testkit'

/** A program for `meshctl up … --`: Node without anything around it. */
export function script(source: string): string[] {
  return ['--', process.execPath, '--input-type=module', '--eval', source]
}

/** A server and one logged-in home, both gone when it is disposed. */
export class Mesh implements AsyncDisposable {
  readonly server: MeshServer
  readonly home: MeshHome

  private constructor(server: MeshServer, home: MeshHome) {
    this.server = server
    this.home = home
  }

  static async start(): Promise<Mesh> {
    const server = await MeshServer.start()
    try {
      return new Mesh(server, await MeshHome.loggedIn(server))
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  /** bob, who repeats what he is sent, and alice, who may call him. */
  static async withEcho(): Promise<Mesh> {
    const mesh = await Mesh.start()
    try {
      await mesh.up('bob', '--capability', 'echo', '--', 'cat')
      await mesh.up('alice')
      await mesh.allow('alice', 'bob', 'echo')
      return mesh
    } catch (error) {
      await mesh[Symbol.asyncDispose]()
      throw error
    }
  }

  async up(name: string, ...more: string[]): Promise<void> {
    await this.home.ok('up', '--name', name, ...more)
  }

  async allow(from: string, to: string, capability: string): Promise<void> {
    await this.home.ok('acl', 'allow', ...rule(from, to, capability))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.home[Symbol.asyncDispose]()
    } finally {
      await this.server[Symbol.asyncDispose]()
    }
  }
}

export function rule(from: string, to: string, capability: string): string[] {
  return ['--from', from, '--to', to, '--capability', capability]
}

/** The words of a call as alice. */
export function call(target: string, capability: string, ...more: readonly string[]): string[] {
  return ['request', '--as', 'alice', '--target', target, '--capability', capability, ...more]
}
