export { type Config, readConfig } from './config.js'
export { type Daemon, startDaemon } from './daemon.js'
export { main } from './main.js'
