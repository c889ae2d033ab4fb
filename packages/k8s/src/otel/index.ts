/**
 * Traces and metrics of `@podqueue/k8s` by OpenTelemetry. Needs `@opentelemetry/api`.
 *
 * @module
 */

import '@internal/node-version'

export type { TelemetryOptions } from '@internal/telemetry'
export { instrumentK8s } from './instrument-k8s.ts'
