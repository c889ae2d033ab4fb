import { connect } from 'amqplib'
import { expect, test } from 'vitest'
import { brokerUrl } from '../src/broker-url.ts'
import { uniqueName } from '../src/index.ts'

test('one broker serves every test of a run', async () => {
  const connection = await connect(brokerUrl())
  const channel = await connection.createChannel()
  const queue = uniqueName('shared')
  expect(await channel.assertQueue(queue, { autoDelete: true })).toMatchObject({ queue, messageCount: 0 })
  await channel.deleteQueue(queue)
  await connection.close()
})

test('no two names are the same', () => {
  const names = Array.from({ length: 1000 }, () => uniqueName('q'))
  expect(new Set(names).size).toBe(1000)
  expect(names[0]).toMatch(/^q-[0-9a-f]{12}$/)
})
