import type { CustomSeriesOption } from 'echarts/charts'
import type { EChartsCoreOption } from 'echarts/core'
import type { PodOutcome } from '../job/timeline.ts'
import { COLOURS, OUTCOME_COLOURS } from './colours.ts'
import type { Layout } from './layout.ts'
import { placeLabels } from './mark-labels.ts'
import { plain } from './markup.ts'
import type { Bar, ItemsPoint, Picture } from './picture.ts'
import { durationText, timeStep } from './time-axis.ts'
import { podLines } from './words.ts'

/** The option of ECharts for a picture, and the tooltips of the elements of each series. */
export interface Chart {
  readonly option: EChartsCoreOption
  /** By the series, then by the item of its data. */
  readonly tooltips: ReadonlyMap<number, readonly string[]>
}

/** The title of a picture that stands alone. */
export interface ChartTitle {
  readonly text: string
  readonly below: string
}

/** The part of a bar before its worker started. */
const WAITING = 'waiting to start'
const FONT = 'system-ui, sans-serif'
const TEXT_SIZE = 12
/** Thinner bars cannot be seen. */
const THINNEST = 2
/** The room of a label of the time axis, pixels. */
const LABEL_ROOM = 76

type RenderItem = NonNullable<CustomSeriesOption['renderItem']>
type Element = ReturnType<RenderItem>

/** The names of a picture's legend. */
export function legendOf({ outcomes, nodes }: Picture): { readonly name: string; readonly colour: string }[] {
  const waited = nodes.some(({ bars }) => bars.some(({ from, start }) => start > from))
  return [
    ...[...outcomes].map(([outcome, count]) => ({
      name: `${outcome} (${count})`,
      colour: OUTCOME_COLOURS[outcome].light,
    })),
    ...(waited ? [{ name: WAITING, colour: COLOURS.waiting.light }] : []),
  ]
}

/** Draws a picture in the colours of a light page. */
export function chartOf(picture: Picture, layout: Layout, title: ChartTitle | undefined): Chart {
  const tooltips = new Map<number, readonly string[]>()
  const series: CustomSeriesOption[] = []
  const add = (one: CustomSeriesOption, texts?: readonly string[]): void => {
    if (texts !== undefined) tooltips.set(series.length, texts)
    series.push(one)
  }
  add(groupsSeries(layout))
  add(lineSeries(picture, layout))
  if (picture.line.points.some(({ dead }) => dead > 0)) add(deadSeries(picture, layout))
  add(captionSeries(picture, layout))
  const bars = layout.groups.flatMap(({ node, top, header }) =>
    node.bars.map((bar) => ({ bar, top: top + header + bar.lane * layout.laneHeight })),
  )
  const legend = legendOf(picture)
  const waiting = bars.filter(({ bar }) => bar.start > bar.from)
  if (waiting.length > 0) {
    const drawn = barSeries(waiting, layout, {
      name: WAITING,
      colour: COLOURS.waiting.light,
      part: 'waiting',
    })
    add(
      drawn,
      waiting.map(({ bar }) => podLines(bar.pod)),
    )
  }
  for (const [outcome, count] of picture.outcomes) {
    const those = bars.filter(({ bar }) => bar.pod.outcome === outcome)
    const colour = OUTCOME_COLOURS[outcome].light
    const drawn = barSeries(those, layout, { name: `${outcome} (${count})`, colour, part: 'work', outcome })
    add(
      drawn,
      those.map(({ bar }) => podLines(bar.pod)),
    )
  }
  add(
    marksSeries(picture, layout),
    picture.marks.map(({ at, label }) => `${plain(label)} at ${durationText(at)}`),
  )
  if (picture.events.length > 0) {
    add(
      eventsSeries(picture, layout),
      picture.events.map(({ at, text }) => `at ${durationText(at)}: ${plain(text)}`),
    )
  }
  return { option: optionOf(picture, layout, { title, legend, series }), tooltips }
}

function optionOf(
  { spanMs, line }: Picture,
  layout: Layout,
  parts: {
    readonly title: ChartTitle | undefined
    readonly legend: ReturnType<typeof legendOf>
    readonly series: readonly CustomSeriesOption[]
  },
): EChartsCoreOption {
  const { width, left, right, lineTop, lineHeight, podsTop, podsHeight } = layout
  const inner = width - left - right
  const step = timeStep(spanMs, inner / LABEL_ROOM)
  const time = { type: 'value', min: 0, max: spanMs, interval: step } as const
  const lines = { splitLine: { lineStyle: { color: COLOURS.grid.light } } }
  const label = { color: COLOURS.muted.light, fontSize: 11 }
  return {
    animation: false,
    backgroundColor: COLOURS.background.light,
    textStyle: { fontFamily: FONT },
    ...(parts.title === undefined
      ? {}
      : {
          title: {
            text: parts.title.text,
            subtext: parts.title.below,
            left: 10,
            top: 8,
            itemGap: 5,
            textStyle: { ...one(width), color: COLOURS.text.light, fontSize: 15, fontWeight: 600 },
            subtextStyle: { ...one(width), color: COLOURS.muted.light, fontSize: TEXT_SIZE },
          },
        }),
    legend: {
      data: parts.legend.map(({ name, colour }) => ({ name, icon: 'roundRect', itemStyle: { color: colour } })),
      top: layout.legendTop,
      left: 6,
      // Fonts differ: a wide one must not leave the picture.
      width: (width - 12) * 0.85,
      itemWidth: 14,
      itemHeight: 10,
      itemGap: 18,
      selectedMode: false,
      textStyle: { color: COLOURS.text.light, fontSize: TEXT_SIZE },
    },
    grid: [
      { left, right, top: lineTop, height: lineHeight },
      { left, right, top: podsTop, height: podsHeight },
    ],
    xAxis: [
      {
        ...time,
        ...lines,
        gridIndex: 0,
        axisLabel: { show: false },
        axisTick: { show: false },
        axisLine: { show: false },
      },
      {
        ...time,
        ...lines,
        gridIndex: 1,
        position: 'bottom',
        axisLine: { onZero: false, lineStyle: { color: COLOURS.axis.light } },
        axisTick: { lineStyle: { color: COLOURS.axis.light } },
        axisLabel: {
          ...label,
          // The last label is at the end of the span, which is no round time.
          formatter: (ms: number) => (ms % step === 0 ? durationText(ms) : ''),
        },
      },
    ],
    yAxis: [
      {
        type: 'value',
        gridIndex: 0,
        min: 0,
        max: Math.max(1, line.total),
        interval: Math.max(1, line.total),
        axisLabel: label,
        ...lines,
      },
      { type: 'value', gridIndex: 1, min: 0, max: podsHeight, inverse: true, show: false },
    ],
    series: parts.series,
  }
}

/** A text in one line, which is cut where the picture ends. */
function one(width: number): object {
  return { width: width - 20, overflow: 'truncate', ellipsis: '…' }
}

/** The fields that all series have that are drawn by coordinates. */
function custom(name: string, data: readonly (readonly number[])[], renderItem: RenderItem): CustomSeriesOption {
  return {
    type: 'custom',
    name,
    xAxisIndex: 1,
    yAxisIndex: 1,
    data: data.map((values) => [...values]),
    renderItem,
    clip: false,
    z: 4,
  }
}

/** A band and a name for each node. */
function groupsSeries({ groups, width, left, right }: Layout): CustomSeriesOption {
  const data = groups.map((_, at) => [0, at])
  const drawn = custom('nodes', data, (_, api): Element => {
    const group = groups[Number(api.value(1))]
    if (group === undefined) return null
    const { node, top, header, height } = group
    const [x = 0, y = 0] = api.coord([0, top])
    const inner = width - left - right
    const pods = node.bars.length === 1 ? '1 pod' : `${node.bars.length} pods`
    const name = node.node === undefined ? 'no node' : `node ${plain(node.node)}`
    return {
      type: 'group',
      children: [
        {
          type: 'rect',
          shape: { x, y: y + header, width: inner, height: height - header },
          style: { fill: COLOURS.band.light },
        },
        ...(header === 0
          ? []
          : [
              {
                type: 'text' as const,
                x,
                y: y + header - 4,
                style: {
                  text: `${name}: ${pods}`,
                  fill: COLOURS.muted.light,
                  fontSize: 11,
                  fontFamily: FONT,
                  verticalAlign: 'bottom' as const,
                  width: inner,
                  overflow: 'truncate' as const,
                },
              },
            ]),
      ],
    }
  })
  return { ...drawn, silent: true, z: 1 }
}

/** The work that is done over time, as a line over an area. */
function lineSeries({ line, spanMs }: Picture, layout: Layout): CustomSeriesOption {
  const last = line.points.at(-1)
  // Pods are done at a moment; a reading says nothing about the time between two.
  const points = line.of === 'items' ? line.points : stepped(line.points, spanMs)
  const drawn = custom('done', last === undefined ? [] : [[0, 0]], (): Element => {
    const places = points.map(({ at, done }) =>
      placeIn(layout, { at: at / spanMs, share: done / Math.max(1, line.total) }),
    )
    const floor = layout.lineTop + layout.lineHeight
    const [left = 0] = places[0] ?? []
    const [right = 0] = places.at(-1) ?? []
    return {
      type: 'group',
      children: [
        {
          type: 'polygon',
          shape: { points: [...places, [right, floor], [left, floor]] },
          style: { fill: COLOURS.itemsArea.light },
        },
        {
          type: 'polyline',
          shape: { points: places },
          style: { fill: 'none', stroke: COLOURS.items.light, lineWidth: 2 },
        },
      ],
    }
  })
  return { ...drawn, silent: true, z: 1 }
}

function deadSeries({ line, spanMs }: Picture, layout: Layout): CustomSeriesOption {
  const drawn = custom(
    'dead letters',
    [[0, 0]],
    (): Element => ({
      type: 'polyline',
      shape: {
        points: line.points.map(({ at, dead }) =>
          placeIn(layout, { at: at / spanMs, share: dead / Math.max(1, line.total) }),
        ),
      },
      style: { fill: 'none', stroke: COLOURS.dead.light, lineWidth: 2, lineDash: [5, 3] },
    }),
  )
  return { ...drawn, silent: true, z: 2 }
}

/** A place in the panel of the line, from its lower left corner in shares of its size. */
function placeIn(
  { left, right, width, lineTop, lineHeight }: Layout,
  { at, share }: { readonly at: number; readonly share: number },
): [number, number] {
  const x = left + at * (width - left - right)
  return [rounded(x), rounded(lineTop + lineHeight * (1 - Math.min(1, share)))]
}

function rounded(pixels: number): number {
  return Math.round(pixels * 10) / 10
}

/** The same points as a line of steps, to the end of the picture. */
function stepped(points: readonly ItemsPoint[], spanMs: number): ItemsPoint[] {
  const steps = points.flatMap((point, index) => {
    const before = points[index - 1]
    return before === undefined ? [point] : [{ ...before, at: point.at }, point]
  })
  const last = points.at(-1)
  return last === undefined ? steps : [...steps, { ...last, at: spanMs }]
}

/** Says what the line counts. */
function captionSeries({ line }: Picture, { lineTop, left }: Layout): CustomSeriesOption {
  const last = line.points.at(-1)
  const dead = last !== undefined && last.dead > 0 ? `, ${last.dead} dead letters` : ''
  const what = line.of === 'items' ? 'items done' : 'pods succeeded'
  const drawn = custom(
    'caption',
    [[0, 0]],
    (): Element => ({
      type: 'text',
      x: left + 8,
      y: lineTop + 8,
      style: {
        text: `${what}: ${last?.done ?? 0} of ${line.total}${dead}`,
        fill: COLOURS.text.light,
        fontSize: TEXT_SIZE,
        fontFamily: FONT,
        verticalAlign: 'top',
      },
    }),
  )
  return { ...drawn, silent: true }
}

interface PlacedBar {
  readonly bar: Bar
  readonly top: number
}

function barSeries(
  bars: readonly PlacedBar[],
  { laneHeight, laneGap }: Layout,
  how: {
    readonly name: string
    readonly colour: string
    readonly part: 'waiting' | 'work'
    readonly outcome?: PodOutcome
  },
): CustomSeriesOption {
  const height = Math.max(1, laneHeight - laneGap)
  const data = bars.map(({ bar, top }) =>
    how.part === 'waiting' ? [bar.from, bar.start, top] : [bar.start, bar.to, top],
  )
  const crossed = how.outcome === 'failed' || how.outcome === 'lost' || how.outcome === 'evicted'
  const drawn = custom(how.name, data, (_, api): Element => {
    const [x = 0, y = 0] = api.coord([Number(api.value(0)), Number(api.value(2))])
    const [end = 0] = api.coord([Number(api.value(1)), 0])
    const wide = Math.max(how.part === 'waiting' ? 0 : THINNEST, end - x)
    const thick = how.part === 'waiting' ? Math.max(1, height * 0.45) : height
    const rect = { x, y: y + laneGap / 2 + (height - thick) / 2, width: wide, height: thick }
    const round = how.part === 'work' && height >= 6 && wide >= 6 ? 2 : 0
    const shape = { type: 'rect' as const, shape: { ...rect, r: round }, style: { fill: how.colour } }
    if (!crossed || height < 8 || wide < 9) return shape
    return { type: 'group', children: [shape, cross(rect)] }
  })
  return { ...drawn, itemStyle: { color: how.colour } }
}

/** A failure is not shown by its colour alone. */
function cross({ x, y, width, height }: { x: number; y: number; width: number; height: number }) {
  const [middle, centre, arm] = [x + width / 2, y + height / 2, Math.min(4, height / 4)]
  const line = (dx: number) => `M${middle - dx} ${centre - arm}L${middle + dx} ${centre + arm}`
  return {
    type: 'path' as const,
    shape: { pathData: `${line(arm)}${line(-arm)}` },
    style: { fill: 'none', stroke: COLOURS.cross.light, lineWidth: 1.6 },
  }
}

/** Lines for the beginnings of sweeps and the ends of Jobs. */
function marksSeries({ marks, spanMs }: Picture, layout: Layout): CustomSeriesOption {
  const { lineTop, podsTop, podsHeight, left, right, width } = layout
  const inner = width - left - right
  const labels = placeLabels(
    marks.map(({ at, label }) => ({ x: left + (at / spanMs) * inner, label: plain(label) })),
    { from: left, to: width - right },
  )
  return custom(
    'marks',
    marks.map(({ at }, index) => [at, index]),
    (_, api): Element => {
      const placed = labels[Number(api.value(1))]
      if (placed === undefined) return null
      const { x, label, align, row } = placed
      return {
        type: 'group',
        children: [
          {
            type: 'line',
            shape: { x1: x, x2: x, y1: lineTop - 4, y2: podsTop + podsHeight },
            style: { stroke: COLOURS.mark.light, lineWidth: 1, lineDash: [4, 3] },
          },
          ...(row === undefined
            ? []
            : [
                {
                  type: 'text' as const,
                  x,
                  y: lineTop - 6 - row * 13,
                  style: {
                    text: label,
                    fill: COLOURS.mark.light,
                    fontSize: 11,
                    fontFamily: FONT,
                    align,
                    verticalAlign: 'bottom' as const,
                  },
                },
              ]),
        ],
      }
    },
  )
}

/** Small triangles where something was wrong. */
function eventsSeries({ events }: Picture, { podsTop }: Layout): CustomSeriesOption {
  return custom(
    'events',
    events.map(({ at }) => [at, 0]),
    (_, api): Element => {
      const [x = 0] = api.coord([Number(api.value(0)), 0])
      const y = podsTop - 6
      return {
        type: 'polygon',
        shape: {
          points: [
            [x, y],
            [x - 5, y - 9],
            [x + 5, y - 9],
          ],
        },
        style: { fill: COLOURS.event.light },
      }
    },
  )
}
