/** Collects the results of a batch behind an offset and keeps them. Writes each as a line of JSON, before it asks for the next. */
import { writeSync } from 'node:fs'
import { collectResults } from '@podqueue/producer'

const { QUEUE: queue = '', BATCH: id = '', AFTER: after } = process.env

for await (const item of collectResults(
  { queue, id },
  { after: after === undefined ? undefined : Number(after), keep: true },
)) {
  writeSync(1, `${JSON.stringify(item)}\n`)
}
