import type { AmqpConnection } from '@internal/amqp'

/** A version of RabbitMQ, as its greeting says it. */
export interface ServerVersion {
  readonly text: string
  /** Whether it is this version or a newer one. */
  atLeast(major: number, minor: number): boolean
}

export function serverVersion(connection: AmqpConnection): ServerVersion {
  const { version } = connection.connection.serverProperties as { readonly version?: unknown }
  return parseVersion(String(version))
}

export function parseVersion(text: string): ServerVersion {
  const [major = 0, minor = 0] = text.split('.').map((part) => Number.parseInt(part, 10))
  return { text, atLeast: (wanted, wantedMinor) => major > wanted || (major === wanted && minor >= wantedMinor) }
}
