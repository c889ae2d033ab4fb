import { inspect } from 'node:util'
import { expect, vi } from 'vitest'
import { JobFailedError, type JobSpec, type K8sError, runJob, type WaitOptions } from '../src/index.ts'
import { createNamespace, type TestNamespace } from './namespace.ts'
import { shellJob } from './shell-job.ts'

/** Runs a Job in a namespace of its own to its error. */
export async function errorOf(
  changes: Partial<JobSpec> & { readonly script?: string },
  options: WaitOptions = {},
  prepare: (namespace: TestNamespace) => Promise<unknown> = async () => undefined,
): Promise<K8sError> {
  await using namespace = await createNamespace()
  await prepare(namespace)
  const error = await runJob(shellJob({ ...changes, namespace: namespace.name }), {
    startGraceMs: 2000,
    scheduleGraceMs: 3000,
    ...options,
  }).then(
    (result) => {
      throw new Error(`it completed: ${JSON.stringify(result)}`)
    },
    (caught: unknown) => caught as K8sError,
  )
  // Every error has a hint, and the call leaves nothing behind.
  expect(error.hint).not.toBe('')
  expect(inspect(error, { depth: 10 })).not.toContain('geheim')
  const left = async () => {
    const at = { namespace: namespace.name }
    const { items: jobs } = await namespace.batch.listNamespacedJob(at)
    const { items: secrets } = await namespace.core.listNamespacedSecret(at)
    return [...jobs, ...secrets].map(({ metadata }) => metadata?.name)
  }
  if (!(error instanceof JobFailedError) || error.job.fate === 'deleted') {
    await vi.waitFor(async () => expect(await left()).toEqual([]), { timeout: 60_000, interval: 500 })
  }
  return error
}
