/**
 * Puts the dead letters of a queue back into it, once what killed them is mended. A dead letter is acked only when the broker
 * has confirmed its copy, under the same id: ended at any moment, this loses none.
 *
 *     BROKER_URL=… node requeue.ts frames
 */
import { createMessage, createProducer } from '@podqueue/producer'
import { consumeMany } from '@podqueue/worker'

const [queue] = process.argv.slice(2)
if (queue === undefined) throw new Error('Say whose dead letters: node requeue.ts QUEUE')

await using producer = createProducer()
const { done } = await consumeMany(
  async ({ body, id, contentType, headers, priority }) => {
    await producer.enqueue(queue, [createMessage(body, { id, contentType, headers, priority })])
  },
  { queue: `${queue}.dead` },
)
console.log(`requeued: ${done}`)
