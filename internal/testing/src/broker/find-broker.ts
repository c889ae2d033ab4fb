import { aptWay } from './apt-broker.ts'
import { type Broker, foreignBroker } from './broker.ts'
import { dockerWay } from './docker-broker.ts'
import { withoutUserinfo } from './given-broker.ts'
import { localWay } from './local-broker.ts'
import { localhostWay } from './localhost-broker.ts'
import { openFirst } from './way.ts'
import { waysOut } from './way-out.ts'

/** How {@link findBroker} looks. */
export interface FindBrokerOptions {
  /** The address of a broker. When given it is taken as it is, and nothing else is tried. */
  readonly url?: string | undefined
  /** Takes one line for a person: why a way failed, or what is being done that takes time. */
  readonly announce: (line: string) => void
  /** Asks whether something may be installed. Without it, it is installed and announced. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * A broker for a demo: the address given, else one that answers on localhost:5672, else one started by Docker, by a local
 * `rabbitmq-server`, or by one that apt-get installs.
 *
 * @throws NoBrokerError with the ways out in its `hint`; the signal's reason when it aborts.
 */
export async function findBroker(options: FindBrokerOptions): Promise<Broker> {
  const { url, announce, confirm, signal } = options
  if (url !== undefined) return foreignBroker({ url, way: 'given', description: withoutUserinfo(url) })
  const ways = [localhostWay(), dockerWay(), localWay(), ...aptWay({ confirm })]
  return await openFirst(ways, { announce, signal }, waysOut('--broker URL'))
}
