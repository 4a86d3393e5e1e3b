export { readKeyFile, type WriteKeyOptions, writeKeyFile } from './key-file.js'
