/** A label that has its place. */
export interface PlacedLabel {
  readonly x: number
  readonly label: string
  readonly align: 'left' | 'center' | 'right'
  /** The row, from the lowest; undefined when there is no room, and the tooltip alone says it. */
  readonly row: number | undefined
}

const ROWS = 2
/** A character, at the size of a label, is not wider in most fonts. */
const CHARACTER = 6.5

/** Places labels at their lines so that none overlaps another, and none leaves the picture. */
export function placeLabels(
  labels: readonly { readonly x: number; readonly label: string }[],
  { from, to }: { readonly from: number; readonly to: number },
): PlacedLabel[] {
  const taken = new Array<number>(ROWS).fill(Number.NEGATIVE_INFINITY)
  return labels.map(({ x, label }) => {
    const wide = label.length * CHARACTER
    const align = x + wide / 2 > to ? 'right' : x - wide / 2 < from ? 'left' : 'center'
    const begin = align === 'right' ? x - wide : align === 'left' ? x : x - wide / 2
    const row = taken.findIndex((end) => end + 6 <= begin)
    if (row === -1) return { x, label, align, row: undefined }
    taken[row] = begin + wide
    return { x, label, align, row }
  })
}
