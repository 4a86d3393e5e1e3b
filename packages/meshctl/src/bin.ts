#!/usr/bin/env node
import { processIo } from './process-io.js'
import { main } from './program.js'

// Whatever a command waits for, it ends by its own decision: without this, waiting for something
// that holds no handle would end the process in the middle, silently.
const alive = setInterval(() => {}, 2 ** 30)
const io = processIo(process.env)
process.exitCode = await main(process.argv.slice(2), io)
clearInterval(alive)
