/** The environment variables by which a Job configures its workers. k8s writes them, the worker reads them. */
export const ENV = {
  /** The broker's address, with its credentials. */
  brokerUrl: 'BROKER_URL',
  /** A file that holds the broker's address, such as a mounted Secret. It comes before {@link ENV.brokerUrl}. */
  brokerUrlFile: 'BROKER_URL_FILE',
  /** The name of the queue to take items from. */
  queue: 'QUEUE',
  /** How many items a worker takes: a number, or `all`. */
  items: 'PODQUEUE_ITEMS',
  /** How many items a worker handles at the same time. */
  concurrency: 'PODQUEUE_CONCURRENCY',
  /** `exit` or `wait`. */
  empty: 'PODQUEUE_EMPTY',
  /** Milliseconds without a delivery before a worker asks whether the queue is empty. */
  emptyCheckDelayMs: 'PODQUEUE_EMPTY_CHECK_DELAY_MS',
  /** Milliseconds that a worker waits at most while other workers hold items. */
  idleTimeoutMs: 'PODQUEUE_IDLE_TIMEOUT_MS',
  /** The file that takes the cause of a failure. */
  terminationLog: 'PODQUEUE_TERMINATION_LOG',
} as const

/** Variables that hold the broker's credentials. A program that handles items never gets them. */
export const CREDENTIAL_VARIABLES: readonly string[] = [ENV.brokerUrl, ENV.brokerUrlFile]

/** Whether podqueue sets this variable for its workers, so that an app must not. */
export function isReservedVariable(name: string): boolean {
  return name === ENV.brokerUrl || name === ENV.queue || name.startsWith('PODQUEUE_')
}
