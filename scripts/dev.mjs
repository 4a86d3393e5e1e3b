// Everything `npm run …` does here, with Node's built-ins alone: a clone needs Node and npm.
// This file must be understood by any old Node, or the reader gets a syntax error for an answer.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (process.platform === 'win32') {
  process.stderr.write('error: config: agent-mesh runs on Linux and macOS\n')
  process.stderr.write('hint:  on Windows, run it inside WSL\n')
  process.exitCode = 3
} else if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `error: config: Node 20.19 or newer is needed, not ${process.versions.node}\n`,
  )
  process.stderr.write('hint:  install a newer Node, then npm run setup\n')
  process.exitCode = 3
} else {
  const { runCommand } = await import('./dev/commands.mjs')
  process.exitCode = await runCommand(process.argv[2] ?? '', process.argv.slice(3))
}
