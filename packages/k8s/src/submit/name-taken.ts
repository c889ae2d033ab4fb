import type { JobObject } from '../api/api-objects.ts'
import { K8sError } from '../errors.ts'
import { endOf } from '../job/job-state.ts'
import { RUN_ID, SPEC_HASH } from '../spec/annotations.ts'

/** The decision about a Job that already has the name. */
export type NameTaken = 'adopt' | 'replace' | 'wait' | 'finished' | 'other'

/** Decides by run id, by what the Job was made from, and by whether it is finished. */
export function onNameTaken(
  job: JobObject,
  ours: { readonly runId: string; readonly hash: string; readonly onFinished: 'replace' | 'fail' | 'adopt' },
): NameTaken {
  const { deletionTimestamp, annotations = {} } = job.metadata
  if (deletionTimestamp !== undefined) return 'wait'
  if (annotations[RUN_ID] === ours.runId) return 'adopt'
  // Never by the contents alone: tomorrow's run of the same work would be a run that does nothing.
  if (endOf(job) !== undefined) return ours.onFinished === 'fail' ? 'finished' : ours.onFinished
  return annotations[SPEC_HASH] === ours.hash ? 'adopt' : 'other'
}

/** The error for a Job that keeps its name although it was deleted, as while a finalizer is on it. */
export function stuckInDeletion({ metadata }: JobObject, graceMs: number): K8sError<'JOB_EXISTS'> {
  const { name, namespace, uid, finalizers = [] } = metadata
  const held = finalizers.length === 0 ? '' : ` It is held by ${finalizers.join(', ')}.`
  return new K8sError({
    code: 'JOB_EXISTS',
    message: `Job ${namespace}/${name} has been deleted and is still there after ${graceMs / 1000} s.${held}`,
    hint: finalizers.includes('foregroundDeletion')
      ? 'It waits for its pods to end: see `kubectl get pods`. Or choose another name.'
      : 'The controller that set the finalizer has to remove it: see `kubectl get job --output yaml`. Or choose another name.',
    details: { name, namespace, uid, runId: metadata.annotations?.[RUN_ID], finalizers },
  })
}

export function jobExists({ metadata }: JobObject, why: 'finished' | 'other'): K8sError<'JOB_EXISTS'> {
  const { name, namespace, uid } = metadata
  const state = why === 'finished' ? 'is finished, and onFinished is fail' : 'is not finished, and has other contents'
  return new K8sError({
    code: 'JOB_EXISTS',
    message: `Job ${namespace}/${name} exists: it ${state}.`,
    hint:
      why === 'finished'
        ? "Delete it, choose another name, or let onFinished be 'replace'."
        : 'Wait for it, delete it, choose another name, or pass its runId to go on with it.',
    details: { name, namespace, uid, runId: metadata.annotations?.[RUN_ID] },
  })
}
