/**
 * Traces and metrics of `@podqueue/worker` by OpenTelemetry. Needs `@opentelemetry/api`.
 *
 * @module
 */

import '@internal/node-version'

export type { TelemetryOptions } from '@internal/telemetry'
export { instrumentWorker } from './instrument-worker.ts'
