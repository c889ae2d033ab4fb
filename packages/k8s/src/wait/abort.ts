import { ApiAnswer, toK8sError } from '../api/api-answer.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { deleteJob, type JobRef, patchJob } from '../api/resources.ts'
import { K8sError } from '../errors.ts'

/** What becomes of an unfinished Job when its run is given up. */
export type OnAbort = 'delete' | 'suspend' | 'leave'

const CLEANUP_TIMEOUT_MS = 15_000

/** Deals with the Job of a run that is given up, and returns in words what became of it. Never throws. */
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
    return `left running, since it could not be ${onAbort === 'delete' ? 'deleted' : 'suspended'} (${wordsOf(error)})`
  }
}

/** The error for a call whose signal was aborted. `fate` says in words what became of the Job. */
export function aborted(signal: AbortSignal, ref?: JobRef, fate?: string): K8sError {
  const job = ref === undefined ? '' : ` Job ${ref.namespace}/${ref.name} was ${fate}.`
  return new K8sError({
    code: 'ABORTED',
    message: `The call was ended by its signal.${job}`,
    hint: hintFor(fate),
    details: ref === undefined ? {} : { name: ref.name, namespace: ref.namespace, uid: ref.uid, job: fate },
    cause: signal.reason,
  })
}

function hintFor(fate: string | undefined): string {
  if (fate === undefined) return 'A call with the same runId goes on with what is there, if anything is.'
  if (fate === 'deleted' || fate === 'gone') return 'The queue keeps the items that were not done.'
  if (fate === 'suspended')
    return '`kubectl patch` with spec.suspend false lets it go on; a call with its runId waits for it.'
  return 'It goes on: a call with its runId, or waitForJob, waits for it.'
}

/** What a call of this package throws for what went wrong inside. */
export function asK8sError(error: unknown, signal?: AbortSignal | undefined): unknown {
  if (error instanceof K8sError) return error
  if (error instanceof ApiAnswer) return toK8sError(error)
  return signal?.aborted === true ? aborted(signal) : error
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
