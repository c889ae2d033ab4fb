import { aptWay } from './apt-broker.ts'
import { type Broker, foreignBroker } from './broker.ts'
import { dockerWay } from './docker-broker.ts'
import { withoutUserinfo } from './given-broker.ts'
import { localWay } from './local-broker.ts'
import { openFirst, type Way } from './way.ts'
import { waysOut } from './way-out.ts'

/** How {@link startBroker} looks. */
export interface StartBrokerOptions {
  /** Takes one line for a person: why a way failed, or what is being done that takes time. */
  readonly announce: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/** `local`, or `docker:` and an image: so one run can be held on each version of RabbitMQ. */
function wayNamed(wanted: string): Way {
  const image = /^docker:(.+)$/.exec(wanted)?.[1]
  if (image !== undefined) return dockerWay({ image })
  if (wanted === 'local') return localWay()
  throw new Error(`TEST_BROKER is '${wanted}', not 'local' or 'docker:<image>'`)
}

/**
 * A broker for tests: the one that `TEST_BROKER` names, else the one of `BROKER_URL`, else one of our own, by Docker, by a local `rabbitmq-server`, or by one that
 * apt-get installs. Never one that happens to answer on localhost: tests delete queues.
 *
 * @throws NoBrokerError with the ways out in its `hint`; the signal's reason when it aborts.
 */
export async function startBroker(options: StartBrokerOptions): Promise<Broker> {
  const { announce, signal } = options
  const { BROKER_URL: url, TEST_BROKER: wanted } = process.env
  if (wanted) return await openFirst([wayNamed(wanted)], { announce, signal }, waysOut('BROKER_URL'))
  if (url) return foreignBroker({ url, way: 'given', description: `${withoutUserinfo(url)} (BROKER_URL)` })
  return await openFirst([dockerWay(), localWay(), ...aptWay()], { announce, signal }, waysOut('BROKER_URL'))
}
