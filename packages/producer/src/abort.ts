import { ProducerError } from './errors.ts'

/** The error of a call whose signal has aborted; undefined while it has not. */
export function aborted(signal: AbortSignal | undefined): ProducerError<'ABORTED'> | undefined {
  if (signal?.aborted !== true) return undefined
  return new ProducerError({
    code: 'ABORTED',
    message: 'The call was ended by its signal.',
    hint: 'Nothing was published after it.',
    details: {},
    cause: signal.reason,
  })
}
