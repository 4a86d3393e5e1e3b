/** Values that both contracts are made of. */
import * as v from 'valibot'

/** A whole number from 0: a count, a sequence number, milliseconds since the epoch. */
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

/** JSON can spell a number that is infinite: `1e999`. */
export const finite = v.pipe(v.number(), v.finite())

/** A map of texts to whatever `value` is. */
export const mapOf = <V extends v.GenericSchema>(value: V) =>
  v.pipe(noList<Record<string, v.InferInput<V>>>(), v.record(v.string(), value))

/** An object all of whose fields may be absent. */
export function fields<const E extends v.ObjectEntries>(entries: E) {
  return v.pipe(noList<v.InferInput<v.ObjectSchema<E, undefined>>>(), v.object(entries))
}

// To valibot a list is an object too; only a required field would tell them apart.
const noList = <T>() =>
  v.custom<T>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be of type object',
  )
