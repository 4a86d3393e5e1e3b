import { keepHeapSmall } from './heap.js'

keepHeapSmall()
const { main } = await import('./main.js')
process.exitCode = await main(process.argv.slice(2), process.env)
