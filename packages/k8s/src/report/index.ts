/**
 * Draws a run: `renderTimeline(await runJob(spec, { timeline: true }))`. It needs the package `echarts` beside this one.
 *
 * @module
 */

import '@internal/node-version'

export type { RenderTimelineOptions, RunWithTimeline } from './render-timeline.ts'
export { renderTimeline } from './render-timeline.ts'
