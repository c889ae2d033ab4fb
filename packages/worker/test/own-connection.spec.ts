import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { connect } from 'amqplib'
import { expect, test } from 'vitest'
import { consumeMany, consumeOne } from '../src/index.ts'
import { lateDelivery } from './late-delivery.ts'

const CALLS = {
  consumeOne: async (options: Parameters<typeof consumeOne>[1]) => await consumeOne((item) => item.text(), options),
  consumeMany: async (options: Parameters<typeof consumeOne>[1]) => await consumeMany(() => {}, options),
}

test.each([
  ['consumeOne', { status: 'done', result: 'late' }],
  ['consumeMany', { status: 'empty', done: 1, deadLettered: 0, failed: 0 }],
] as const)('an item that arrives behind the answer to a cancel is done, by %s', async (call, outcome) => {
  for (const isOwn of [false, true]) {
    await using queue = await testQueue()
    await using late = await lateDelivery(brokerUrl())
    await queue.publish('late')
    const connection = isOwn ? await connect(late.url) : undefined
    const lost: unknown[] = []
    connection?.on('error', (error) => lost.push(error))
    const options = { queue: queue.name, emptyCheckDelayMs: 100, ...(connection === undefined ? late : { connection }) }
    expect(await CALLS[call](options).catch((error) => error)).toEqual(outcome)
    expect(lost, 'the connection of the app').toEqual([])
    await queue.until(({ ready, consumers }) => ready === 0 && consumers === 0)
    await connection?.close()
  }
})
