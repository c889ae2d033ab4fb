import { enqueue, inspectQueue } from '@podqueue/producer'
import { consumeOne } from '@podqueue/worker'
import fc from 'fast-check'
import { call } from '../call.ts'
import { script } from '../hostile-peer.ts'
import type { Servers, Target } from '../target.ts'

/** Calls to a peer that speaks AMQP for a while and then anything. */
export function hostile({ peer }: Servers): Target {
  return {
    name: 'a hostile AMQP peer',
    runs: 12,
    property: fc.asyncProperty(
      script,
      fc.constantFrom('enqueue', 'inspectQueue', 'consumeOne'),
      async (moves, name) => {
        peer.play(moves)
        const options = { url: peer.url, connectTimeoutMs: 300, reconnectForMs: 0, signal: AbortSignal.timeout(1_500) }
        if (name === 'enqueue')
          await call(name, ['q', ['item'], { ...options, confirmTimeoutMs: 200 }], enqueue as never)
        if (name === 'inspectQueue')
          await call(name, ['q', { ...options, verifyTimeoutMs: 200 }], inspectQueue as never)
        if (name === 'consumeOne') {
          await call(
            name,
            [() => {}, { ...options, queue: 'q', notFoundRetryMs: 0, ackTimeoutMs: 200 }],
            consumeOne as never,
          )
        }
      },
    ),
  }
}
