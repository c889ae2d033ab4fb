import { createMessage, EnqueueError, enqueue, inspectQueue } from '@podqueue/producer'
import { connect } from 'amqplib'
import fc from 'fast-check'
import { BrokenPromise } from '../broken-promise.ts'
import { call } from '../call.ts'
import type { Servers, Target } from '../target.ts'

const header = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withNullPrototype: true,
  maxDepth: 3,
})
const table = fc.dictionary(fc.string({ unit: 'binary', maxLength: 10 }), header, { maxKeys: 6 })
const wild = fc.record(
  { CC: header, BCC: header, big: fc.constantFrom('', 'x'.repeat(70_000), 'x'.repeat(140_000)), number: fc.double() },
  { requiredKeys: [] },
)
const message = fc.record(
  {
    id: fc.string({ unit: 'binary', maxLength: 100 }),
    contentType: fc.string({ maxLength: 100 }),
    priority: fc.integer({ min: -1, max: 256 }),
    headers: fc.oneof(table, wild),
  },
  { requiredKeys: [] },
)

/** Header tables and properties of every kind at a real broker: each item is confirmed once, or is named as invalid. */
export function headerTables({ brokerUrl = '' }: Servers): Target {
  return {
    name: 'header tables at a broker',
    runs: 20,
    property: fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 12 }), async (fields) => {
      const queue = `fuzz-${process.pid}-${Math.random().toString(36).slice(2)}`
      const items = fields.map((one, index) => {
        try {
          return createMessage(`item ${index}`, one as never)
        } catch {
          return `item ${index}`
        }
      })
      let reconnects = -1
      const on = { connected: () => reconnects++ }
      let failed: readonly { readonly outcome: string }[] = []
      const run = async (...args: Parameters<typeof enqueue>): Promise<unknown> => {
        try {
          return await enqueue(...args)
        } catch (error) {
          if (error instanceof EnqueueError) failed = error.failures
          throw error
        }
      }
      try {
        await call('enqueue', [queue, items, { url: brokerUrl, on, maxFailures: 100 }], run as never)
        const others = failed.filter(({ outcome }) => outcome !== 'invalid')
        if (others.length > 0 || reconnects !== 0) {
          throw new BrokenPromise(
            `${others.length} items ended otherwise than confirmed or invalid, with ${reconnects} reconnects`,
          )
        }
        const { ready } = await inspectQueue(queue, { url: brokerUrl })
        if (ready !== items.length - failed.length) {
          throw new BrokenPromise(
            `${ready} of ${items.length} items are in the queue, and ${failed.length} are named as failed`,
          )
        }
      } finally {
        const cleaner = await connect(brokerUrl)
        const channel = await cleaner.createChannel()
        await channel.deleteQueue(queue)
        await channel.deleteQueue(`${queue}.dead`)
        await cleaner.close()
      }
    }),
  }
}
