#!/usr/bin/env node
import { processIo } from './process-io.js'
import { main } from './program.js'

const io = processIo(process.env)
const code = await main(process.argv.slice(2), io)
process.exitCode = io.readerIsGone() ? 0 : code
