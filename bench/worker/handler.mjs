import { runWorker } from '@podqueue/worker'

await runWorker(() => {})
