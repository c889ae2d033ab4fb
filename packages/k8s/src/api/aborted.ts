import { K8sError } from '../errors.ts'
import type { JobRef } from './resources.ts'

/** The error for a call whose signal aborted. `fate` says in words what became of the Job. */
export function aborted(signal: AbortSignal, ref?: JobRef, fate?: string): K8sError<'ABORTED'> {
  const job = ref === undefined ? '' : ` Job ${ref.namespace}/${ref.name} was ${fate}.`
  return new K8sError({
    code: 'ABORTED',
    message: `The signal of the call aborted.${job}`,
    hint: hintFor(fate),
    details: ref === undefined ? {} : { name: ref.name, namespace: ref.namespace, uid: ref.uid, job: fate },
    cause: signal.reason,
  })
}

function hintFor(fate: string | undefined): string {
  if (fate === undefined) return 'A call with the same runId continues the run, if its Job exists.'
  if (fate === 'deleted' || fate === 'gone') return 'The queue keeps the items that are not done.'
  if (fate === 'suspended')
    return 'To resume it, set spec.suspend to false with `kubectl patch`. A call with its runId waits for it.'
  return 'The Job goes on. A call with its runId, or waitForJob, waits for it.'
}
