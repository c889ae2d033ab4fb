// A worker by hand, with the same care: a prefetch, a cancel before the ack, and a check that the broker took the ack.
import { connect } from 'amqplib'

const connection = await connect(process.env.BROKER_URL, { noDelay: true })
const channel = await connection.createChannel()
await channel.prefetch(1)
const { consumerTag, message } = await new Promise((resolve) => {
  const consuming = channel.consume(process.env.QUEUE, async (delivered) => {
    resolve({ consumerTag: (await consuming).consumerTag, message: delivered })
  })
})
const cancelled = channel.cancel(consumerTag)
channel.ack(message)
await cancelled
await channel.prefetch(1)
await connection.close()
