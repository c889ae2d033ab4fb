/**
 * Shows a run on a terminal: `runJob(spec, { on: showProgress().listeners })`.
 *
 * @module @podqueue/k8s/progress
 */

import '@internal/node-version'

export type { ProgressOptions, ProgressView } from './progress-view.ts'
export { showProgress } from './progress-view.ts'
