/**
 * Shows a run on a terminal: `runJob(spec, { on: showProgress().listeners })`.
 *
 * @module
 */

import '@internal/node-version'

export type { ProgressOptions, ProgressView } from './progress-view.ts'
export { showProgress } from './progress-view.ts'
