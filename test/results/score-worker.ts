/**
 * Scores items until the queue is empty. Cannot score those that are poison: it fails at the first delivery of one, and sets it
 * aside at the next. With `DIE_AT_WORK` it kills itself in the handler of the item of that number: a kill from outside would come
 * some items later on a busy machine, and the queue be empty before all have died. With `DIE_AT_ACK` it kills itself at the ack of
 * that number, after the broker has confirmed the result and before the ack is written.
 */
import { subscribe } from 'node:diagnostics_channel'
import { DeadLetterError, runWorker } from '@podqueue/worker'

const dieAtWork = Number(process.env.DIE_AT_WORK)
const dieAtAck = Number(process.env.DIE_AT_ACK)
let begun = 0
let acks = 0
subscribe('podqueue:ack', (message) => {
  const { phase, how } = message as { readonly phase: string; readonly how: string }
  if (phase !== 'sent' || how !== 'ack') return
  acks += 1
  // The ack itself is written at the end of this turn of the event loop.
  if (acks === dieAtAck) process.kill(process.pid, 'SIGKILL')
})

await runWorker(
  (item) => {
    begun += 1
    if (begun === dieAtWork) process.kill(process.pid, 'SIGKILL')
    const { value, poison } = item.json() as { readonly value: number; readonly poison: boolean }
    if (!poison) return { score: value * 2 }
    if (item.redelivered) throw new DeadLetterError(`It cannot score ${value}.`)
    throw new Error('It cannot score it yet.')
  },
  { items: 'all', concurrency: 2, emptyCheckDelayMs: 200, maxConsecutiveFailures: 100 },
)
