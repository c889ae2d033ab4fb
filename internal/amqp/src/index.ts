/** Connecting to RabbitMQ and saying what is wrong with it, shared by producer and worker. Bundled into both. */
export { findAddress, parseAddress } from './address.ts'
export { type AmqpConnection, checkAmqpConnection, openChannel, openConfirmChannel } from './amqp-connection.ts'
export { connect, type OwnConnection, openConnection } from './amqplib-connect.ts'
export { ConnectFailed, type ConnectOptions, connectBy, type OpenOptions, type TlsOptions } from './connect.ts'
export { copiedProperties, publishedHeaders } from './copied-properties.ts'
export { type AmqpFault, type AmqpFaultCode, connectFault, operationFault } from './fault.ts'
export type { AmqpFaultDetails } from './fault-details.ts'
export { checkQueueName } from './queue-name.ts'
