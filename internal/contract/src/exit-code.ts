/**
 * The exit codes of a worker's process, in the numbers of sysexits.h where it has one. The worker exits with them, and k8s
 * reads them from the pods of a Job.
 */
export const EXIT = {
  /** The item is done or dead-lettered, or the queue is empty. */
  done: 0,
  /** The handler or the program failed; the item is back in the queue. */
  failed: 1,
  /** The command was called wrongly (EX_USAGE). */
  usage: 64,
  /** The broker or the queue is not available (EX_UNAVAILABLE). */
  unavailable: 69,
  /** A bug in podqueue (EX_SOFTWARE). */
  bug: 70,
  /** The lease was lost, or the ack is unconfirmed; the item may be done twice (EX_TEMPFAIL). */
  leaseLost: 75,
  /** The broker does not permit it (EX_NOPERM). */
  notPermitted: 77,
  /** A configuration that cannot work (EX_CONFIG). */
  misconfigured: 78,
  /** A signal ended the worker: 128 + SIGTERM. The item that it held, if any, is released. */
  released: 143,
} as const

/** The exit codes that the next pod would end with too: each says that the worker's call or its configuration is wrong. */
export const LASTING_EXIT_CODES: readonly number[] = [EXIT.usage, EXIT.notPermitted, EXIT.misconfigured]

/** The exit codes whose cause lies outside of the worker: they say nothing about the item or the program. */
export const OUTSIDE_EXIT_CODES: readonly number[] = [EXIT.leaseLost, EXIT.released]
