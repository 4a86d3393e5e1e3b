import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { capabilityNames, capabilityPatterns, names, rulesAmong } from '../testing/index.js'
import { honest } from '../testing/points.js'
import { coversCapability, isCapability, isCapabilityPattern, isName, needName } from './names.js'
import { parseRule } from './rule.js'

const rule = { effect: 'allow', from: honest.id, to: '*', capability: 'calendar.*' }

describe('capability patterns', () => {
  it.each([
    ['*', 'anything', true],
    ['*', 'a.b', true],
    ['calendar.read', 'calendar.read', true],
    ['calendar.read', 'calendar.readers', false],
    ['calendar.read', 'calendar', false],
    ['calendar.*', 'calendar.read', true],
    ['calendar.*', 'calendar.events.read', true],
    ['calendar.*', 'calendar', false],
    ['calendar.*', 'calendar.', false],
    ['calendar.*', 'calendars.read', false],
    ['calendar.*', 'Calendar.read', false],
  ])('%s covers %s: %s', (pattern, name, covers) => {
    expect(coversCapability(pattern, name)).toBe(covers)
  })

  it('are exact, all, or all below a prefix, and nothing else', () => {
    fc.assert(
      fc.property(capabilityNames, capabilityPatterns, (name, pattern) => {
        expect(isCapability(name)).toBe(true)
        expect(isCapabilityPattern(pattern)).toBe(true)
        expect(coversCapability(name, name)).toBe(true)
        expect(coversCapability(`${name}.*`, `${name}.x`)).toBe(true)
        expect(coversCapability(`${name}.*`, name)).toBe(false)
      }),
    )
    for (const text of ['', '*.read', 'a*', 'a.*.b', '**', '.*', 'a b', 'a\n', 'ä']) {
      expect(isCapabilityPattern(text), text).toBe(false)
    }
    expect(isCapability('a'.repeat(128))).toBe(true)
    expect(isCapability('a'.repeat(129))).toBe(false)
  })
})

describe('names', () => {
  it('are 1 to 63 of a few plain characters', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(isName(name)).toBe(true)
        expect(needName(name)).toBe(name)
      }),
    )
    for (const text of ['', 'A', '-a', '.a', '_a', 'a b', 'a/b', 'ä', 'a\n', 'a'.repeat(64)]) {
      expect(isName(text), text).toBe(false)
    }
    expect(() => needName('A')).toThrow('a name must be 1 to 63 of a-z 0-9 . _ - and begin')
  })
})

describe('parseRule', () => {
  it('reads every rule', () => {
    fc.assert(
      fc.property(rulesAmong([honest.id]), (one) => {
        expect(parseRule(one)).toEqual(one)
        expect(parseRule({ ...one, id: '3' })).toEqual({ ...one, id: '3' })
      }),
    )
  })

  it.each([
    [undefined, /^rule /],
    [{ ...rule, effect: 'permit' }, /^rule.effect is neither/],
    [{ ...rule, effect: undefined }, /^rule.effect/],
    [{ ...rule, from: 'alice' }, /^rule.from is neither an agent id nor/],
    [{ ...rule, to: '' }, /^rule.to/],
    [{ ...rule, capability: 'a*' }, /^rule.capability/],
    [{ ...rule, priority: 1 }, /^rule.priority is unknown/],
  ])('refuses %j, naming the field', (value, message) => {
    expect(() => parseRule(value)).toThrow(message)
  })
})
