import { asK8sError } from '../api/as-k8s-error.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { K8sError } from '../errors.ts'
import type { Timeline } from '../job/timeline.ts'
import { endedBy } from './ended-by.ts'
import { TimelineRecorder } from './timeline-recorder.ts'

/** Runs `action` with a recorder when a timeline is wanted; the error that it throws carries the timeline then. */
export async function recorded<Value>(
  api: KubeApi,
  { timeline, signal }: { readonly timeline?: boolean | undefined; readonly signal?: AbortSignal | undefined },
  action: (recorder: TimelineRecorder | undefined) => Promise<Value>,
): Promise<Value> {
  if (timeline !== true) return action(undefined)
  const recorder = new TimelineRecorder(api)
  try {
    return await action(recorder)
  } catch (error) {
    const known = asK8sError(error, signal)
    // That of an incomplete run has it already.
    if (known instanceof K8sError && known.timeline === undefined) {
      throw known.carrying(endedBy(recorder.timeline(), known))
    }
    throw known
  }
}

/** The timeline as a part of a result; nothing when none is recorded. */
export function timelineIn(recorder: TimelineRecorder | undefined): { readonly timeline?: Timeline } {
  return recorder === undefined ? {} : { timeline: recorder.timeline() }
}
