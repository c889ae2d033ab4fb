/** Run by `producerProcess`: enqueues numbers, and writes each to standard output as it is read. */
import { writeSync } from 'node:fs'
import { enqueue } from '../src/index.ts'
import type { ProducerTask } from './producer-process.ts'

const { url, queue, count, journal, window, holdAt } = JSON.parse(process.argv[2] ?? '') as ProducerTask

async function* items(): AsyncGenerator<string> {
  for (let index = 0; index < count; index++) {
    // At once, not when the pipe is ready: the kill is to come at this very moment.
    writeSync(1, `${index}\n`)
    if (index === holdAt) await new Promise(() => setInterval(() => {}, 1_000))
    // Lets confirms in between, as a source that does something itself.
    if (index % 50 === 0) await new Promise(setImmediate)
    yield String(index)
  }
}

await enqueue(queue, items(), { url, journal, ...(window === undefined ? {} : { window }) })
