import { runWorker } from '@podqueue/worker'

// A process of its own for the fuzzer, since `runWorker` ends the process that it runs in.
await runWorker(() => undefined, { reconnectForMs: 0, notFoundRetryMs: 0, connectTimeoutMs: 300 })
