/** What one variant measured in one round, by the name of the figure. */
export type Figures = Record<string, number>

/** A thing to measure; called once a round, in turn with the others. */
export type Variant = () => Promise<Figures>

export interface RoundsResult<Name extends string> {
  /** The figures of each variant, one entry a round. */
  readonly rounds: Record<Name, Figures[]>
  /** Median over the rounds. */
  median(name: Name, figure: string): number
  /** Median of the round-by-round ratios: noise that hits a whole round cancels out. */
  ratio(name: Name, base: Name, figure: string): number
}

/** Runs the variants interleaved (A B C, C B A, …), so that a busy neighbour hits all of them. */
export async function interleave<Name extends string>(
  variants: Record<Name, Variant>,
  count: number,
): Promise<RoundsResult<Name>> {
  const names = Object.keys(variants) as Name[]
  const rounds = {} as Record<Name, Figures[]>
  for (const name of names) rounds[name] = []
  for (let round = 0; round < count; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      rounds[name].push(await variants[name]())
    }
  }
  const column = (name: Name, figure: string) => rounds[name].map((row) => row[figure] as number)
  return {
    rounds,
    median: (name, figure) => median(column(name, figure)),
    ratio(name, base, figure) {
      const floor = column(base, figure)
      return median(column(name, figure).map((value, round) => value / (floor[round] as number)))
    },
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}
