/** The last failure of an item, as the worker that set the item aside writes it into the dead letter. */
export interface FailureRecord {
  /** The message of the error that the handler threw, or the end of the program. */
  readonly message: string
  /** The exit code of the program that failed. */
  readonly exitCode?: number
  /** The last lines that the program wrote to its standard error. */
  readonly standardError?: string
  /** The number of times that the item was delivered. */
  readonly attempts?: number
  /** The name of the worker's pod, which is the host name in it. */
  readonly pod?: string
}

/** The longest message that is kept, characters. All headers of a message share one frame of at least 4096 bytes. */
export const LONGEST_FAILURE_MESSAGE = 500
/** The longest end of a program's standard error that is kept, characters. */
export const LONGEST_STANDARD_ERROR = 1_000

/** The record as the text of a header, no longer than the limits allow. */
export function encodeFailure({ message, standardError, ...others }: FailureRecord): string {
  const record: FailureRecord = {
    message: message.slice(0, LONGEST_FAILURE_MESSAGE).toWellFormed(),
    ...(standardError === undefined || standardError === ''
      ? {}
      : { standardError: standardError.slice(-LONGEST_STANDARD_ERROR).toWellFormed() }),
    ...others,
  }
  return JSON.stringify(record)
}

/** The record in a header; undefined when there is none, or one that somebody else wrote. */
export function decodeFailure(header: unknown): FailureRecord | undefined {
  if (typeof header !== 'string') return undefined
  try {
    const { message, exitCode, standardError, attempts, pod } = JSON.parse(header) as Record<
      keyof FailureRecord,
      unknown
    >
    if (typeof message !== 'string') return undefined
    return {
      message,
      ...(typeof exitCode === 'number' ? { exitCode } : {}),
      ...(typeof standardError === 'string' ? { standardError } : {}),
      ...(typeof attempts === 'number' ? { attempts } : {}),
      ...(typeof pod === 'string' ? { pod } : {}),
    }
  } catch {
    return undefined
  }
}
