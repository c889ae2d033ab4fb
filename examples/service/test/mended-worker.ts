import { runWorker } from '@podqueue/worker'

/** The worker after somebody has mended it: a text without a word is no failure any more. */
await runWorker(async (item) => ({ length: item.text().length }))
