import type { Timeline } from '../job/timeline.ts'
import { type Chart, type ChartTitle, chartOf, legendOf } from './chart.ts'
import { darkRules } from './colours.ts'
import { layoutOf } from './layout.ts'
import type { Charts } from './load-echarts.ts'
import { escaped } from './markup.ts'
import type { Picture } from './picture.ts'
import { durationText } from './time-axis.ts'
import { gapsText, verdictText } from './words.ts'

/** Whether a picture is light, dark, or what its reader prefers. */
export type Theme = 'auto' | 'light' | 'dark'

/** Draws a picture as one SVG element. */
export function svgOf(
  charts: Charts,
  timeline: Timeline,
  picture: Picture,
  how: { readonly width: number; readonly theme: Theme; readonly title: ChartTitle | undefined },
): string {
  const legend = legendOf(picture).map(({ name }) => name)
  const layout = layoutOf(picture, { width: how.width, titled: how.title !== undefined, legend })
  const chart = chartOf(picture, layout, how.title)
  const drawn = charts.create({ width: layout.width, height: layout.height })
  try {
    drawn.setOption(chart.option)
    return finished(drawn.renderToSVGString(), chart, { theme: how.theme, description: description(timeline, picture) })
  } finally {
    drawn.dispose()
  }
}

/** The picture in words, for those who do not see it. */
function description(timeline: Timeline, { outcomes, nodes, line, spanMs }: Picture): string {
  const counts = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
  const on = `${nodes.length === 1 ? '1 node' : `${nodes.length} nodes`}`
  const done = line.points.at(-1)?.done ?? 0
  const what = line.of === 'items' ? 'Items done' : 'Pods succeeded'
  return [
    `The run over ${durationText(spanMs)}: ${verdictText(timeline)}.`,
    counts === '' ? 'No pods are known.' : `Pods on ${on}: ${counts}.`,
    `${what}: ${done} of ${line.total}.`,
    ...gapsText(timeline),
  ].join(' ')
}

/** ECharts' own styles are for a mouse over a live chart. Its marks of the data become tooltips. */
function finished(
  svg: string,
  { tooltips }: Chart,
  how: { readonly theme: Theme; readonly description: string },
): string {
  const drawn = svg
    .replace(/<style ?>[\s\S]*?<\/style>/g, '')
    .replace(/ class="[^"]*"/g, '')
    .replace(/<([a-z]+)( [^>]*?ecmeta_[^>]*)>/g, (_all, element: string, attributes: string) => {
      // The entries of the legend have such marks too.
      const ofData = attributes.includes('ecmeta_ssr_type="chart"')
      const text = ofData ? tooltips.get(numberIn(attributes, 'series'))?.[numberIn(attributes, 'data')] : undefined
      const kept = attributes.replace(/ ecmeta_\w+="[^"]*"/g, '')
      return `<${element}${kept}>${text === undefined ? '' : `<title>${escaped(text)}</title>`}`
    })
    .replace(/ ecmeta_\w+="[^"]*"/g, '')
    .replace(/\n+/g, '\n')
  const dark = darkRules()
  const style = how.theme === 'light' ? '' : how.theme === 'dark' ? dark : `@media (prefers-color-scheme:dark){${dark}}`
  const head = `<desc>${escaped(how.description)}</desc>${style === '' ? '' : `<style>${style}</style>`}`
  return drawn.replace(/<svg ([^>]*)>/, (_all, attributes: string) => {
    return `<svg ${attributes} role="img" aria-label="${escaped(how.description)}">${head}`
  })
}

function numberIn(attributes: string, of: 'series' | 'data'): number {
  const found = new RegExp(`ecmeta_${of}_index="(\\d+)"`).exec(attributes)?.[1]
  return found === undefined ? -1 : Number(found)
}
