import { expect, expectTypeOf, test } from 'vitest'
import {
  type JobFailedCode,
  JobFailedError,
  type JobFailure,
  K8sError,
  type RunIncompleteCode,
  RunIncompleteError,
} from '../src/index.ts'

const job: JobFailure = { name: 'work', namespace: 'default', uid: 'uid', reason: 'FailedIndexes', pods: [] }

/** The words that an app may show for a caught value. It compiles only while `code` narrows `details`. */
function wordsFor(error: unknown): string {
  if (!(error instanceof K8sError)) return 'unknown'
  switch (error.code) {
    case 'KUBECONFIG_MISSING':
      expectTypeOf(error.details.tried).toEqualTypeOf<readonly string[]>()
      return error.details.tried.join()
    case 'FORBIDDEN':
      expectTypeOf(error.details.role).toEqualTypeOf<string | undefined>()
      return error.details.resource ?? ''
    case 'JOB_FAILED':
      expectTypeOf(error.details.pods).toEqualTypeOf<JobFailure['pods']>()
      return error.details.reason
    case 'ITEMS_LEFT':
      return String(error.details.succeeded)
    default:
      return error.message
  }
}

test('instanceof K8sError lets a switch over code know the details of each case', () => {
  expect(wordsFor(new K8sError({ code: 'KUBECONFIG_MISSING', message: '', details: { tried: ['a', 'b'] } }))).toBe(
    'a,b',
  )
  expect(wordsFor(new JobFailedError({ code: 'JOB_FAILED', message: '', job }))).toBe('FailedIndexes')
  expect(wordsFor(new Error('other'))).toBe('unknown')
})

test('instanceof of a subclass lets a switch over its codes be exhaustive', () => {
  const failed = (error: JobFailedError | RunIncompleteError): JobFailedCode | RunIncompleteCode => {
    if (error instanceof JobFailedError) {
      expectTypeOf(error.code).toEqualTypeOf<JobFailedCode>()
      expectTypeOf(error.job).toEqualTypeOf<JobFailure>()
      return error.code
    }
    if (error instanceof RunIncompleteError) {
      expectTypeOf(error.code).toEqualTypeOf<RunIncompleteCode>()
      return error.code
    }
    return error
  }
  expect(failed(new JobFailedError({ code: 'CRASH_LOOP', message: '', job }))).toBe('CRASH_LOOP')
})

test('instanceof tells the classes apart', () => {
  const error: unknown = new JobFailedError({ code: 'NODE_LOST', message: '', job })
  expect(error instanceof K8sError).toBe(true)
  expect(error instanceof RunIncompleteError).toBe(false)
  expect(new K8sError({ code: 'ABORTED', message: '' }) instanceof JobFailedError).toBe(false)
})
