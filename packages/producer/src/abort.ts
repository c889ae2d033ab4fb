import { ProducerError } from './errors.ts'

/** What a call throws once its signal has aborted; undefined while it has not. */
export function aborted(signal: AbortSignal | undefined): ProducerError | undefined {
  if (signal?.aborted !== true) return undefined
  return new ProducerError({
    code: 'ABORTED',
    message: 'The call was ended by its signal.',
    hint: 'Nothing was published after it.',
    cause: signal.reason,
  })
}
