import type { Broker, BrokerWay } from './broker.ts'
import { keep } from './keeper.ts'
import { findEpmd, findServer } from './server-program.ts'
import { type Way, type WayContext, WayFailed } from './way.ts'

/** A RabbitMQ server that is installed on this machine, started with ports and data of its own. */
export function localWay(): Way {
  return { name: 'rabbitmq-server', open: (context) => startLocalBroker(context) }
}

/**
 * Starts the installed `rabbitmq-server` as a broker of our own, on loopback only. A system service stays as it is.
 *
 * @throws WayFailed when it is not installed or does not come up; the signal's reason when it aborts.
 */
export async function startLocalBroker(context: WayContext, way: BrokerWay = 'local'): Promise<Broker> {
  const server = await findServer()
  if (server === undefined) throw new WayFailed('not installed (neither on PATH nor where packages put it)')
  const epmd = await findEpmd()
  if (epmd === undefined) throw new WayFailed(`${server} is installed, but Erlang's epmd is not found`)
  return await keep({ kind: 'local', server, epmd }, way, context)
}
