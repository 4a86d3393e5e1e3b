import { MeshError } from '../errors.js'
import { maxCapabilityLength, maxNameLength } from '../limits.js'

// The words people choose. Plain ASCII: a name is typed, compared byte for byte and printed to
// terminals, so there is nothing in it to spell in two ways or to steer a terminal with.

const name = /^[a-z0-9][a-z0-9._-]*$/
// Takes every MCP tool name as it is, and no '*', which patterns need for themselves.
const capability = /^[A-Za-z0-9_][A-Za-z0-9_.:/-]*$/

/** Whether `text` can name an agent or a group: 1 to 63 of a–z 0–9 . _ - and no sign at its front. */
export function isName(text: string): boolean {
  return text.length <= maxNameLength && name.test(text)
}

/** Whether `text` can name a capability (or a letter's kind): 1 to 128 of A–Z a–z 0–9 _ . : / -. */
export function isCapability(text: string): boolean {
  return text.length <= maxCapabilityLength && capability.test(text)
}

/** Whether `text` is a capability, `*` for all of them, or `prefix.*` for all below a prefix. */
export function isCapabilityPattern(text: string): boolean {
  return text === '*' || isCapability(text.endsWith('.*') ? text.slice(0, -2) : text)
}

/** Whether `pattern` covers `name`; `calendar.*` covers `calendar.read` and not `calendar`. */
export function coversCapability(pattern: string, name: string): boolean {
  if (pattern === '*' || pattern === name) return true
  if (!pattern.endsWith('.*')) return false
  const prefix = pattern.slice(0, -1)
  return name.length > prefix.length && name.startsWith(prefix)
}

/** Throws 'invalid' with what a name must be. */
export function needName(text: string): string {
  if (isName(text)) return text
  throw new MeshError('invalid', `a name ${nameRule}`)
}

/** What is said of text that cannot be a name, or a capability. */
export const nameRule = `must be 1 to ${maxNameLength} of a-z 0-9 . _ - and begin with a letter or digit`
export const capabilityRule = `must be 1 to ${maxCapabilityLength} of A-Z a-z 0-9 _ . : / -`
