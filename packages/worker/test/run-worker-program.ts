/** A worker whose handler does as its item says, and prints what happens. Run by `run-worker.spec.ts`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { runWorker } from '../dist/index.js'

const AN_HOUR = 3_600_000

await runWorker(
  async (item, { signal }) => {
    process.stdout.write('handling\n')
    if (item.text() === 'throws') throw new TypeError('Cannot read frames of nothing')
    if (item.text() === 'honours its signal') await sleep(AN_HOUR, undefined, { signal })
    if (item.text() === 'ignores its signal') await sleep(AN_HOUR)
    if (item.text() === 'finishes in its grace')
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
  },
  { graceMs: 500 },
)
process.stdout.write('after\n')
