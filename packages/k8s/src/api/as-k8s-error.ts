import { K8sError } from '../errors.ts'
import { aborted } from './aborted.ts'
import { ApiAnswer, toK8sError } from './api-answer.ts'

/** Converts an error that was caught inside of the package into the error that a call throws. */
export function asK8sError(error: unknown, signal?: AbortSignal | undefined): unknown {
  if (error instanceof K8sError) return error
  if (error instanceof ApiAnswer) return toK8sError(error)
  return signal?.aborted === true ? aborted(signal) : error
}
