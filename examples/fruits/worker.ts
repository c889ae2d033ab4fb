import { setTimeout as sleep } from 'node:timers/promises'
import { runWorker } from '@podqueue/worker'

await runWorker(async (item, { signal }) => {
  console.log(`Processing ${item.text()}`)
  await sleep(1000, undefined, { signal })
})
