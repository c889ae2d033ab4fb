import { describeThrown } from '@internal/errors'
import { ApiAnswer } from '../api/api-answer.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { deleteJob, type JobRef, patchJob } from '../api/resources.ts'

/** The fate of an unfinished Job when its run is given up. */
export type OnAbort = 'delete' | 'suspend' | 'leave'

const CLEANUP_TIMEOUT_MS = 15_000

/** Deletes, suspends or leaves the Job of a run that is given up. Returns in words what became of it. Never throws. */
export async function giveUp(api: KubeApi, ref: JobRef & { readonly uid: string }, onAbort: OnAbort): Promise<string> {
  if (onAbort === 'leave') return 'left running'
  const signal = AbortSignal.timeout(CLEANUP_TIMEOUT_MS)
  try {
    if (onAbort === 'delete') {
      await deleteJob(api, ref, { signal })
      return 'deleted'
    }
    const operations = [
      { op: 'test', path: '/metadata/uid', value: ref.uid },
      { op: 'add', path: '/spec/suspend', value: true },
    ]
    await patchJob(api, ref, operations, { signal })
    return 'suspended'
  } catch (error) {
    if (error instanceof ApiAnswer && error.code === 404) return 'gone'
    const why = describeThrown(error)
    return `left running, since it could not be ${onAbort === 'delete' ? 'deleted' : 'suspended'} (${why})`
  }
}
