import type { Servers, Target } from '../target.ts'
import { addresses, queueNames } from './addresses.ts'
import { clientOptions, clusterOptions, garbage, pictures, specs, views } from './k8s.ts'
import { hostile } from './peer.ts'
import { processes } from './processes.ts'
import { deadLetters, enqueueing, messages, producers, queues, results } from './producer.ts'
import { headerTables } from './real-broker.ts'
import { consuming, testItems } from './worker.ts'

/** All kinds of calls. Those for a broker are left out where there is none. */
export function targets(servers: Servers): Target[] {
  return [
    addresses,
    queueNames,
    messages,
    testItems,
    specs,
    views,
    pictures,
    clusterOptions,
    enqueueing,
    queues,
    producers,
    deadLetters,
    results,
    consuming,
    clientOptions,
    garbage(servers),
    hostile(servers),
    processes(servers),
    ...(servers.brokerUrl === undefined ? [] : [headerTables(servers)]),
  ]
}
