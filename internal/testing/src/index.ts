/** Real brokers for the demo and for tests. For vitest itself: `@internal/testing/vitest-broker`, `/broker-url`. */
export { type AmqpTools, type AmqpToolsOptions, amqpTools } from './amqp-tools.ts'
export type { Broker, BrokerWay } from './broker/broker.ts'
export {
  type BrokerCluster,
  type ClusterHere,
  type ClusterNode,
  startBrokerCluster,
} from './broker/broker-cluster.ts'
export { type FindBrokerOptions, findBroker } from './broker/find-broker.ts'
export { startLocalBroker } from './broker/local-broker.ts'
export { type StartBrokerOptions, startBroker } from './broker/start-broker.ts'
export { NoBrokerError, type WayContext, WayFailed } from './broker/way.ts'
export { uniqueName } from './unique-name.ts'
