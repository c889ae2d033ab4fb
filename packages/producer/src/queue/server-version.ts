import type { AmqpConnection } from '../connection/connection-options.ts'

/** A version of RabbitMQ, as its greeting says it. */
export interface ServerVersion {
  readonly text: string
  /** Whether it is this version or a newer one. */
  atLeast(major: number, minor: number): boolean
}

export function serverVersion(connection: AmqpConnection): ServerVersion {
  return parseVersion(String(connection.connection.serverProperties.version))
}

export function parseVersion(text: string): ServerVersion {
  const [major = 0, minor = 0] = text.split('.').map((part) => Number.parseInt(part, 10))
  return { text, atLeast: (wanted, wantedMinor) => major > wanted || (major === wanted && minor >= wantedMinor) }
}
