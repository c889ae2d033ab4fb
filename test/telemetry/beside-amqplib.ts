/**
 * Publishes and takes items while amqplib is instrumented too, and prints the names of the spans of that instrumentation and of ours,
 * as JSON. `node beside-amqplib.ts <url> <queue> <raw queue>`
 */
import { createRequire } from 'node:module'
import { AmqplibInstrumentation } from '@opentelemetry/instrumentation-amqplib'
import { spans, tracerProvider } from './sdk.ts'

const [url = '', name = '', raw = ''] = process.argv.slice(2)
const instrumentation = new AmqplibInstrumentation()
instrumentation.setTracerProvider(tracerProvider)
instrumentation.enable()

// It has to be there before amqplib is loaded.
const amqplib: typeof import('amqplib') = createRequire(import.meta.url)('amqplib')
const { enqueue } = await import('@podqueue/producer')
const { instrumentProducer } = await import('@podqueue/producer/otel')
const { consumeOne, DeadLetterError } = await import('@podqueue/worker')
const { instrumentWorker } = await import('@podqueue/worker/otel')
instrumentProducer()
instrumentWorker()

const connection = await amqplib.connect(url)
const channel = await connection.createChannel()
channel.sendToQueue(raw, Buffer.from('by amqplib'))
await enqueue(name, ['by a connection of our own'], { url, results: true })
await enqueue(name, ['by that of the app'], { connection, results: true })
await consumeOne(() => 'done', { queue: name, url })
await consumeOne(
  () => {
    throw new DeadLetterError('poison')
  },
  { queue: name, url },
)
await channel.close()
await connection.close()
const all = spans.getFinishedSpans().map(({ name: span, instrumentationScope, attributes }) => ({
  by: instrumentationScope.name,
  name: span,
  to: attributes['messaging.rabbitmq.routing_key'],
}))
process.stdout.write(JSON.stringify(all))
