/**
 * Collects the results of a batch behind an offset and keeps them. Writes each as a line of JSON, before it asks for the next. With
 * `DIE_AFTER` it kills itself after that number of lines: a kill from outside would come at any later line.
 */
import { writeSync } from 'node:fs'
import { collectResults } from '@podqueue/producer'

const { QUEUE: queue = '', BATCH: id = '', AFTER: after, DIE_AFTER: dieAfter } = process.env
let lines = 0

for await (const item of collectResults(
  { queue, id },
  { after: after === undefined ? undefined : Number(after), keep: true },
)) {
  writeSync(1, `${JSON.stringify(item)}\n`)
  lines += 1
  if (lines === Number(dieAfter)) process.kill(process.pid, 'SIGKILL')
}
