import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, Mesh, rule } from './fixtures.js'

let mesh: Mesh
beforeAll(async () => {
  mesh = await Mesh.withEcho()
})
afterAll(() => mesh[Symbol.asyncDispose]())

describe('with --json, stdout is exactly one document', () => {
  const commands = [
    ['status', '--json'],
    ['--json', 'status'],
    ['discover', '--json'],
    ['discover', '--capability', 'echo', '--json'],
    ['discover', '--name', 'nobody', '--json'],
    ['show', 'bob', '--json'],
    ['acl', 'list', '--json'],
    ['acl', 'allow', ...rule('alice', 'bob', 'other'), '--json'],
    ['acl', 'remove', ...rule('alice', 'bob', 'other'), '--json'],
    ['up', '--name', 'bob', '--json'],
    ['version', '--json'],
    ['keygen', '--json'],
    call('bob', 'echo', '--payload', '{"a":1}', '--json'),
    call('bob', 'echo', '--payload', '@/dev/null', '--json'),
  ]
  it.each(commands.map((args) => [args.join(' '), args] as const))(
    'for meshctl %s',
    async (_name, args) => {
      const { code, stdout, stderr } = await mesh.home.run(args)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const text = stdout.toString('utf8')
      expect(text.endsWith('\n') && text.indexOf('\n') === text.length - 1, text).toBe(true)
      JSON.parse(text)
    },
  )
})

describe('without it', () => {
  it('the ✓ lines and the next step go to stderr', async () => {
    const { stdout, stderr } = await mesh.home.ok('up', '--name', 'bob')
    expect(stdout).toHaveLength(0)
    expect(stderr).toContain('✓ registered bob · capabilities: echo')
    expect(stderr).not.toContain('\u001b')
  })

  it('an answer is the bytes that were sent, and nothing around them', async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 0x1b, 0x5b, 0x41])
    const args = call('bob', 'echo', '--payload', '-')
    const { stdout, stderr } = await mesh.home.run(args, { input: bytes })
    expect(stdout).toEqual(bytes)
    expect(stderr).toBe('')
  })

  it('a table is at most 80 columns wide, with short ids', async () => {
    const long = `a${'-long'.repeat(12)}`.slice(0, 63)
    await mesh.up(
      long,
      '--capability',
      `calendar.${'x'.repeat(60)}`,
      '--description',
      'y'.repeat(100),
    )
    for (const args of [['status'], ['discover'], ['acl', 'list']]) {
      const { stdout } = await mesh.home.ok(...args)
      const widths = stdout
        .toString('utf8')
        .split('\n')
        .map((line) => [...line].length)
      expect(Math.max(...widths), stdout.toString('utf8')).toBeLessThanOrEqual(80)
    }
    const { stdout } = await mesh.home.ok('discover', '--wide')
    expect(stdout.toString('utf8')).toContain(long)
  })
})

describe('status --json', () => {
  it('has the shape that scripts rely on', async () => {
    const { stdout } = await mesh.home.ok('status', '--json')
    const status: unknown = JSON.parse(stdout.toString('utf8'))
    expect(status).toMatchObject({
      daemon: { pid: expect.any(Number), version: '0.1.0' },
      server: { url: mesh.server.url, state: 'connected' },
      agents: expect.arrayContaining([
        expect.objectContaining({
          name: 'bob',
          id: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
          state: 'online',
          link: {
            kind: 'relay',
            relay: expect.stringMatching(/^ws:/),
            rttMs: expect.any(Number),
          },
        }),
      ]),
    })
  })
})
