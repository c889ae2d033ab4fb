/**
 * Scores items until the queue is empty. Cannot score those that are poison: it fails at the first delivery of one, and sets it
 * aside at the next. Tells its parent of each item that it begins. With `DIE_AT_ACK` it kills itself at the ack of that number, after
 * the broker has confirmed the result and before the ack is written.
 */
import { subscribe } from 'node:diagnostics_channel'
import { DeadLetterError, runWorker } from '@podqueue/worker'

const dieAtAck = Number(process.env.DIE_AT_ACK)
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
    process.send?.('begun')
    const { value, poison } = item.json() as { readonly value: number; readonly poison: boolean }
    if (!poison) return { score: value * 2 }
    if (item.redelivered) throw new DeadLetterError(`It cannot score ${value}.`)
    throw new Error('It cannot score it yet.')
  },
  { items: 'all', concurrency: 2, emptyCheckDelayMs: 200, maxConsecutiveFailures: 100 },
)
