import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { relay } from './relay.js'
import { type Axis, type BenchmarkOptions, format, judge } from './report.js'
import { request } from './request.js'

const benchmarks: Record<string, (options: BenchmarkOptions) => Promise<Axis[]>> = {
  relay,
  request,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    json: { type: 'string' },
  },
})
const rounds = Number(values.rounds ?? (values.quick ? 3 : 5))
const unknown = positionals.filter((name) => !Object.hasOwn(benchmarks, name))
if (unknown.length > 0 || !(rounds >= 3)) {
  process.stderr.write(
    unknown.length > 0
      ? `error: usage: there is no benchmark ${unknown.join(', ')}\n`
      : 'error: usage: --rounds takes a number from 3 on: fewer say nothing\n',
  )
  process.stderr.write(
    `hint:  npm run bench -- [${Object.keys(benchmarks).join('|')}] [--rounds N]\n`,
  )
  process.exitCode = 2
} else {
  const report = []
  for (const [name, run] of Object.entries(benchmarks)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue
    for (const axis of (await run({ rounds })).map(judge)) {
      report.push(axis)
      process.stdout.write(format([axis]))
    }
  }
  if (values.json !== undefined)
    await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`)
}
