// Plain columns, two spaces apart, no borders: they can be read, grepped and pasted.

export interface Column {
  readonly title: string
  /** The column that gives way when a row is wider than the screen. */
  readonly shrinks?: boolean
}

const gap = 2

/** Lines of at most `width` characters; cells of the shrinking column are cut with `…`. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const widths = columns.map((column, index) =>
    Math.max(length(column.title), ...rows.map((row) => length(row[index] ?? ''))),
  )
  const total = widths.reduce((sum, each) => sum + each, 0) + gap * (columns.length - 1)
  const excess = total - width
  if (excess > 0) shrink(columns, widths, excess)
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => fit(cell, widths[index] ?? 0))
      .join(' '.repeat(gap))
      .trimEnd()
  return [line(columns.map((column) => column.title)), ...rows.map(line)]
}

// The marked columns share the loss, the widest first, and none goes below its title.
function shrink(columns: readonly Column[], widths: number[], excess: number): void {
  let left = excess
  while (left > 0) {
    let widest = -1
    columns.forEach((column, index) => {
      if (column.shrinks !== true || (widths[index] ?? 0) <= length(column.title)) return
      if (widest < 0 || (widths[index] ?? 0) > (widths[widest] ?? 0)) widest = index
    })
    if (widest < 0) return
    widths[widest] = (widths[widest] ?? 0) - 1
    left -= 1
  }
}

function fit(cell: string, width: number): string {
  const characters = [...cell]
  if (characters.length > width) return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`
  return cell + ' '.repeat(width - characters.length)
}

function length(cell: string): number {
  return [...cell].length
}
