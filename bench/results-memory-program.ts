/** Run by `results-memory.ts`: collects the results of a batch, keeps none, and says what its memory came to. */
import { collectResults } from '@podqueue/producer'

const [url = '', queue = '', id = ''] = process.argv.slice(2)

const startedAt = performance.now()
let collected = 0
for await (const item of collectResults<{ score: number }>({ queue, id }, { url })) {
  if (item.status === 'done' && item.value.score === item.index) collected += 1
}
const seconds = (performance.now() - startedAt) / 1_000
// The kernel's own high-water mark, in kilobytes.
process.stdout.write(JSON.stringify({ collected, peakMb: process.resourceUsage().maxRSS / 1024, seconds }))
