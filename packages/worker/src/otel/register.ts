/**
 * Calls `instrumentWorker()`. For a worker that runs no code of its own before:
 * `NODE_OPTIONS="--import @podqueue/worker/otel/register"`.
 *
 * @module
 */

import { instrumentWorker } from './index.ts'

instrumentWorker()
