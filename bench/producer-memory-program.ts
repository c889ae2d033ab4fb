/**
 * Run by `producer-memory.ts`: enqueues a given number of items from an async generator, and says what its memory came to. Without a
 * queue it only reads them and keeps the last 2000, as many as are unconfirmed at once: what no producer can do without.
 */
import { setImmediate } from 'node:timers/promises'
import { enqueue } from '@podqueue/producer'

const [url = '', queue = '', count = '0'] = process.argv.slice(2)

async function* items(): AsyncGenerator<string> {
  for (let index = 0; index < Number(count); index++) yield `item-${index}`.padEnd(100, '.')
}

async function keepLast(count: number): Promise<void> {
  const kept: string[] = []
  let index = 0
  for await (const item of items()) {
    kept[index % count] = item
    index += 1
    // The garbage of a loop that never lets go of the event loop is collected otherwise.
    if (index % count === 0) await setImmediate()
  }
}

const startedAt = performance.now()
if (queue !== '') await enqueue(queue, items(), { url })
else await keepLast(2_000)
const seconds = (performance.now() - startedAt) / 1_000
// The kernel's own high-water mark, in kilobytes.
process.stdout.write(JSON.stringify({ peakMb: process.resourceUsage().maxRSS / 1024, seconds }))
