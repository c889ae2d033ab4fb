import { Connection } from 'rabbitmq-client'

const connection = new Connection({ url: process.env.BROKER_URL, noDelay: true })
const { promise, resolve } = Promise.withResolvers()
const consumer = connection.createConsumer(
  { queue: process.env.QUEUE, queueOptions: { passive: true }, qos: { prefetchCount: 1 }, concurrency: 1 },
  () => resolve(),
)
await promise
await consumer.close()
await connection.close()
