import { median } from './rounds.js'

export interface BenchmarkOptions {
  /** How often each variant is measured, in turn with the others. */
  readonly rounds: number
}

/** One line of the report: ours beside a floor, round by round. */
export interface Axis {
  readonly name: string
  readonly axis: string
  readonly unit: string
  readonly rounds: readonly { readonly floor: number; readonly ours: number }[]
  readonly goal: { readonly op: '<=' | '>='; readonly value: number }
}

export interface JudgedAxis extends Axis {
  /** Median of the round-by-round ratios, ours to the floor. */
  readonly ratio: number
  readonly met: boolean
}

export function judge(axis: Axis): JudgedAxis {
  const ratio = median(axis.rounds.map(({ floor, ours }) => ours / floor))
  const { op, value } = axis.goal
  return { ...axis, ratio, met: op === '<=' ? ratio <= value : ratio >= value }
}

/** A table for people, 80 columns at most. */
export function format(axes: readonly JudgedAxis[]): string {
  const lines = axes.map((axis) => {
    const floor = round(median(axis.rounds.map((row) => row.floor)))
    const ours = round(median(axis.rounds.map((row) => row.ours)))
    const verdict = `${axis.goal.op} ${axis.goal.value} ${axis.met ? 'met' : 'NOT met'}`
    const figures = `floor ${floor}  ours ${ours}  ratio ${axis.ratio.toFixed(2)}`
    return `${axis.name}  ${axis.axis}  (${axis.unit})\n  ${figures}  goal ${verdict}\n`
  })
  return lines.join('')
}

function round(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3)
}
