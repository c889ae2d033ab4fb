/**
 * A worker that does items one after the other, each on a connection of its own, and kills itself with SIGKILL at one point of
 * one of them. Run by `kill-ledger.spec.ts`. Writes `done <id>` once an item's work is done, `acked <id>` once the call
 * said so, and `empty` when it said that.
 */

import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync } from 'node:fs'
import { consumeOne } from '../dist/index.js'

const [, , point = '', at = '0', ledger = ''] = process.argv
let item = 0

const write = (line: string): void => appendFileSync(ledger, `${line}\n`)
// Or at a later item: a timer may come when its own is over, and a worker that is never killed would do all the rest.
const killAt = (here: string): void => {
  if (here === point && item >= Number(at)) process.kill(process.pid, 'SIGKILL')
}

subscribe('podqueue:take', () => killAt('taken'))
subscribe('tracing:podqueue:handle:start', () => killAt('handling'))
subscribe('tracing:podqueue:handle:asyncEnd', () => killAt('handled'))
subscribe('podqueue:ack', (message) => {
  const { phase } = message as { phase: string }
  // The write goes out at the end of this turn of the event loop.
  if (phase === 'sent') setImmediate(() => killAt('ack sent'))
  else killAt('ack accepted')
})

for (; ; item++) {
  setTimeout(() => killAt('connecting'), 1)
  setTimeout(() => killAt('waiting'), 8)
  const outcome = await consumeOne(
    async ({ id }) => {
      write(`done ${id}`)
      await new Promise((resolve) => setImmediate(resolve))
      return id
    },
    { queue: process.env.QUEUE ?? '', emptyCheckDelayMs: 300 },
  )
  if (outcome.status === 'empty') {
    write('empty')
    break
  }
  if (outcome.status === 'done') write(`acked ${outcome.result}`)
  killAt('before exit')
}
