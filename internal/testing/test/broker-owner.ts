/** A program that starts a broker and, on Ctrl-C, still needs it for its cleanup. Run by `startOwner()`. */
import { connect } from 'amqplib'
import { dockerWay } from '../src/broker/docker-broker.ts'
import { localWay } from '../src/broker/local-broker.ts'

const way = process.argv[2] === 'docker' ? dockerWay() : localWay()
const broker = await way.open({ announce: () => {} })
// Keeps this process going: the broker alone does not.
const alive = setInterval(() => {}, 60_000)
process.once('SIGINT', async () => {
  const connection = await connect(broker.url)
  await connection.close()
  process.stdout.write('still answers\n')
  await broker.close()
  clearInterval(alive)
})
process.stdout.write(`${new URL(broker.url).port}\n`)
