import { foreignBroker } from './broker.ts'
import { type BrokerIdentity, probe } from './probe.ts'
import { type Way, WayFailed } from './way.ts'

/** A broker that somebody runs on this machine, at the port that is AMQP's, and that lets `guest` in. */
export function localhostWay(port = 5672): Way {
  const url = `amqp://guest:guest@localhost:${port}`
  return {
    name: `localhost:${port}`,
    open: async () => {
      const { product, version } = await probe(url, { timeoutMs: 2000 }).catch((error: unknown): BrokerIdentity => {
        throw new WayFailed(reason(error), { cause: error })
      })
      if (product !== 'RabbitMQ') throw new WayFailed(`${product} answers, not RabbitMQ`)
      return foreignBroker({ url, way: 'localhost', description: `RabbitMQ ${version} on localhost:${port}` })
    },
  }
}

function reason(error: unknown): string {
  const text = describe(error)
  if (/ECONNREFUSED/.test(text)) return 'nothing listens'
  if (/ACCESS[_-]REFUSED|\b403\b/.test(text)) return 'a broker answers but refuses the user guest'
  return `something listens, but it is no AMQP broker that we can use (${text})`
}

/** `localhost` may be two addresses; Node then has one error for each, and no message. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join(', ')
  return error instanceof Error ? error.message : String(error)
}
