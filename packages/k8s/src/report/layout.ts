import type { NodeBars, Picture } from './picture.ts'

const SIDE = 12
const NUMBERS = 44
const LINE_HEIGHT = 108
const LEGEND_ROW = 20
const TITLE = 46
const GAP = 34
const AXIS = 40
const HEADER = 18
/** With more nodes than this their names are in the tooltips only. */
const MOST_HEADERS = 30
/** The lanes share this height, as far as they stay visible. */
const LANES_HEIGHT = 460
const TALLEST_LANE = 18
const LOWEST_LANE = 1.5

/** Where the parts of a picture are, in pixels. */
export interface Layout {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly right: number
  readonly legendTop: number
  readonly lineTop: number
  readonly lineHeight: number
  readonly podsTop: number
  readonly podsHeight: number
  readonly laneHeight: number
  /** The empty part of a lane's height. */
  readonly laneGap: number
  readonly groups: readonly Group[]
}

/** A node's place, in pixels below the top of the pods. */
export interface Group {
  readonly node: NodeBars
  readonly top: number
  /** The height of the line with the node's name; 0 when there is none. */
  readonly header: number
  readonly height: number
}

/** Places the parts of a picture. Its height follows from the lanes. */
export function layoutOf(
  { nodes }: Picture,
  { width, titled, legend }: { readonly width: number; readonly titled: boolean; readonly legend: readonly string[] },
): Layout {
  const lanes = nodes.reduce((sum, node) => sum + node.lanes, 0)
  const laneHeight = Math.min(
    TALLEST_LANE,
    Math.max(LOWEST_LANE, Math.round((LANES_HEIGHT / Math.max(1, lanes)) * 2) / 2),
  )
  const header = nodes.length <= MOST_HEADERS ? HEADER : 0
  const groups: Group[] = []
  let top = 0
  for (const node of nodes) {
    const height = header + node.lanes * laneHeight
    groups.push({ node, top, header, height })
    top += height + (header > 0 ? 6 : 2)
  }
  const legendTop = titled ? TITLE + 10 : 4
  const lineTop = legendTop + LEGEND_ROW * legendRows(legend, (width - 2 * SIDE) * 0.85) + 30
  const podsTop = lineTop + LINE_HEIGHT + GAP
  const podsHeight = Math.max(TALLEST_LANE, top)
  return {
    width,
    height: Math.ceil(podsTop + podsHeight + AXIS),
    left: NUMBERS,
    right: SIDE + 8,
    legendTop,
    lineTop,
    lineHeight: LINE_HEIGHT,
    podsTop,
    podsHeight,
    laneHeight,
    laneGap: laneHeight >= 8 ? 2 : laneHeight >= 4 ? 1 : laneHeight >= 2 ? 0.5 : 0,
    groups,
  }
}

/** How many rows a legend takes. Its texts are not measured exactly: a row too many does no harm. */
function legendRows(names: readonly string[], width: number): number {
  let rows = 1
  let used = 0
  for (const name of names) {
    const wide = 40 + name.length * 7
    if (used > 0 && used + wide > width) {
      rows++
      used = 0
    }
    used += wide
  }
  return rows
}
