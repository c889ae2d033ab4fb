import type { Socket } from 'node:net'
import { connect } from 'amqplib'
import { FrameWriter } from '../packages/producer/src/publish/frame-writer.ts'
import type { Publisher } from './producer-contestants.ts'

/** Messages in one write; a multiple of it are unconfirmed at once. */
const WRITE = 100
const WINDOW = 2_000

/**
 * The most that the broker takes over one channel: a client that does nothing. The frames of a hundred messages are made
 * before, and are written again and again as confirms make room. No library can be faster than this by more than chance.
 */
export const CEILING: Publisher = {
  name: '(frames made before)',
  publish: async (url, queue, bodies) => {
    const connection = await connect(url, { noDelay: true })
    const channel = await connection.createConfirmChannel()
    const { stream } = connection.connection as unknown as { stream: Socket }
    const frames = framesOf(bodies.slice(0, WRITE), queue)
    const writes = bodies.length / WRITE
    if (!Number.isInteger(writes)) throw new Error(`the number of items must be a multiple of ${WRITE}`)
    await new Promise<void>((resolve, reject) => {
      let written = 0
      const write = (confirmed: number): void => {
        if (confirmed === bodies.length) resolve()
        for (; written < writes && (written + 1) * WRITE - confirmed <= WINDOW; written++) stream.write(frames)
      }
      // Confirms of a queue come in order: a tag stands for all before it.
      channel.on('ack', ({ deliveryTag }) => write(deliveryTag))
      channel.on('error', reject)
      connection.on('error', reject)
      write(0)
    })
    await connection.close()
  },
}

function framesOf(bodies: readonly string[], queue: string): Buffer {
  const written: Buffer[] = []
  const writer = new FrameWriter({
    channel: 1,
    queue,
    stamp: { type: 'podqueue', replyTo: undefined },
    frameMax: 131_072,
    send: (bytes) => void written.push(bytes),
  })
  for (const [index, content] of bodies.entries()) {
    const id = String(index).padStart(36, '0')
    writer.add(
      {
        index,
        content,
        bytes: content.length,
        contentType: 'text/plain',
        id,
        headers: undefined,
        headerBytes: undefined,
        priority: undefined,
      },
      undefined,
    )
  }
  writer.flush()
  return Buffer.concat(written)
}
