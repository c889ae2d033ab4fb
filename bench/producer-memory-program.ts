/** Run by `producer-memory.ts`: enqueues so many items from an async generator, and says what its memory came to. */
import { enqueue } from '@podqueue/producer'

const [url = '', queue = '', count = '0'] = process.argv.slice(2)

async function* items(): AsyncGenerator<string> {
  for (let index = 0; index < Number(count); index++) yield `item-${index}`.padEnd(100, '.')
}

const startedAt = performance.now()
await enqueue(queue, items(), { url })
const seconds = (performance.now() - startedAt) / 1_000
// The kernel's own high-water mark, in kilobytes.
process.stdout.write(JSON.stringify({ peakMb: process.resourceUsage().maxRSS / 1024, seconds }))
