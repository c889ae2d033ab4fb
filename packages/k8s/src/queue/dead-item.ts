/** An item that was given up on: a dead letter of `@podqueue/producer`, or one of your own with the same fields. */
export interface DeadItem {
  /** The id of its message, when it has one. */
  readonly id?: string | undefined
  /** The id of its batch, when that is known. */
  readonly batch?: string | undefined
  /** Its place in its batch, from 0, when that is known. */
  readonly index?: number | undefined
  /** Why it was given up on, for people. */
  readonly reason: string
  /** How its last attempt failed, when a worker was left to say so. */
  readonly lastFailure?: LastFailure | undefined
}

/** How the last attempt at an item failed. */
export interface LastFailure {
  readonly message: string
  /** The exit code of the program. */
  readonly exitCode?: number | undefined
  /** The last lines that the program wrote to its standard error. */
  readonly standardError?: string | undefined
  /** The number of times that the item was delivered. */
  readonly attempts?: number | undefined
  /** The name of the pod. */
  readonly pod?: string | undefined
}
