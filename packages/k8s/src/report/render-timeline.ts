import { type Names, Problems } from '@internal/options'
import { K8sError } from '../errors.ts'
import type { Timeline } from '../job/timeline.ts'
import { checkTimeline } from './check-timeline.ts'
import { htmlOf } from './html.ts'
import { loadECharts } from './load-echarts.ts'
import { plain } from './markup.ts'
import { pictureOf } from './picture.ts'
import { svgOf, type Theme } from './svg.ts'
import { belowTitle, verdictText } from './words.ts'

/** A result, or an error, of a run with the option `timeline`; or one that was stored as JSON. */
export type RunWithTimeline = { readonly timeline?: Timeline | undefined }

/** Options of {@link renderTimeline}. */
export interface RenderTimelineOptions {
  /**
   * `'svg'`: an SVG image. `'html'`: a page with the picture, the numbers and the list of failures. Both are one file that loads
   * nothing and runs no script. Default: 'svg'.
   */
  readonly format?: 'svg' | 'html' | undefined
  /** The heading. Default: the name of the Job. */
  readonly title?: string | undefined
  /** Whether it is light, dark, or what its reader's system prefers. Default: 'auto'. */
  readonly theme?: 'auto' | 'light' | 'dark' | undefined
  /** The width of the SVG image, pixels, from 320 to 4000. A page has pictures for wide and for narrow windows. Default: 1100. */
  readonly width?: number | undefined
}

const OPTIONS: Names<RenderTimelineOptions> = { format: true, title: true, theme: true, width: true }

const WIDTH = 1100

/**
 * Draws a run over time: its pods as bars by node and outcome, the items that are done, sweeps, failures and troubles. A bar's
 * thin part is the time before its worker started. The names and messages in it are shown as text, whatever they contain.
 *
 * @param run The result of `runJob` or `waitForJob` with `timeline: true`, or the error that one of them threw.
 * @returns The picture as SVG, or as HTML.
 * @throws {K8sError} `INVALID_OPTIONS`: also when `run` has no timeline; `PEER_MISSING`: the package `echarts` is not installed.
 */
export async function renderTimeline(run: RunWithTimeline, options: RenderTimelineOptions = {}): Promise<string> {
  const problems = new Problems()
  const given = problems.options('options', options, OPTIONS)
  problems.oneOf('format', given.format, ['svg', 'html'])
  problems.oneOf('theme', given.theme, ['auto', 'light', 'dark'])
  if (given.title !== undefined) problems.text('title', given.title)
  problems.wholeNumber('width', given.width, { min: 320, max: 4000 })
  const timeline = checkTimeline(problems, run)
  problems.throwAs('renderTimeline', (fields) => new K8sError(fields))
  return draw(timeline as Timeline, given)
}

async function draw(timeline: Timeline, options: RenderTimelineOptions): Promise<string> {
  const { format = 'svg', theme = 'auto', width = WIDTH } = options
  const charts = await loadECharts()
  const picture = pictureOf(timeline)
  const heading = plain(options.title ?? timeline.jobs[0]?.name ?? 'a run without a Job')
  const svg = (wide: number, titled: boolean, own: Theme): string => {
    const title = titled ? { text: `${heading}: ${verdictText(timeline)}`, below: belowTitle(timeline) } : undefined
    return svgOf(charts, timeline, picture, { width: wide, theme: own, title })
  }
  if (format === 'svg') return svg(width, true, theme)
  return htmlOf({ timeline, heading, theme, wide: svg(WIDTH, false, theme), narrow: svg(380, false, theme) })
}
