export { relayFrames } from './relay-frames.js'
