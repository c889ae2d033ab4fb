import { createServer } from 'node:net'
import { brokerFront } from '@internal/testing/broker-front'

/** A header of a message that {@link undecodableHeader} breaks. */
export const BROKEN_HEADER = 'x-undecodable'

/**
 * A proxy in front of a broker that gives {@link BROKEN_HEADER}, a boolean, a type that amqplib does not know. RabbitMQ 3.10 passes on
 * such types as other clients wrote them: py-amqp writes integers as L. Later versions write them anew.
 */
export async function undecodableHeader(target: string): Promise<AsyncDisposable & { readonly url: string }> {
  const front = await brokerFront(target, createServer, (client, broker) => {
    client.pipe(broker)
    broker.on('data', (piece: Buffer) => {
      const at = piece.indexOf(`${BROKEN_HEADER}t`)
      if (at !== -1) piece.write('L', at + BROKEN_HEADER.length)
      client.write(piece)
    })
  })
  return {
    url: Object.assign(new URL(target), { host: `127.0.0.1:${front.port}` }).href,
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
  }
}
