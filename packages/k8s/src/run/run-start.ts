import type { ClientOptions } from '../api/client-options.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { namespaceOf } from '../api/namespace.ts'
import { getJob } from '../api/resources.ts'
import { countsOf, isDeleting } from '../job/job-state.ts'
import { type CountBounds, readAtStart } from '../queue/count-queue.ts'
import type { RunQueue } from '../queue/queue-reading.ts'
import { DEAD_LETTERS_AT_START, ITEMS_AT_START, RUN_ID } from '../spec/annotations.ts'
import { assembleJob } from '../spec/build-job.ts'
import type { SubmitOptions } from '../submit/submit-options.ts'
import type { NamedSpec } from './run-spec.ts'

/**
 * The numbers at the start of a run, which its end is judged by. They are kept on the Job, so that a run that is restarted with its
 * `runId` judges as if it had never stopped.
 */
export interface RunStart {
  /** Items that were ready; undefined when the queue was not read. */
  readonly items: number | undefined
  /** Messages in the dead-letter queue; undefined when that is not known. */
  readonly deadLetters: number | undefined
}

/** Reads the numbers at the start of a run. */
export async function readStart(
  queue: RunQueue | undefined,
  bounds: CountBounds & { readonly name: string },
): Promise<RunStart> {
  if (queue === undefined) return { items: undefined, deadLetters: undefined }
  const { ready, deadLetters } = await readAtStart(queue, bounds)
  return { items: ready, deadLetters }
}

/** The annotations by which the numbers are kept on the Job. */
export function annotationsOf({ items, deadLetters }: RunStart): Record<string, string> {
  return {
    ...(items === undefined ? {} : { [ITEMS_AT_START]: String(items) }),
    ...(deadLetters === undefined ? {} : { [DEAD_LETTERS_AT_START]: String(deadLetters) }),
  }
}

/** The numbers at the start of the run with this id whose Job exists; undefined when there is none, or the call has no id. */
export async function earlierRun(
  api: KubeApi,
  spec: NamedSpec,
  options: ClientOptions & SubmitOptions,
): Promise<(RunStart & { readonly items: number }) | undefined> {
  const { runId, signal } = options
  if (runId === undefined) return undefined
  // `template` may give the Job another name.
  const { name = spec.name } = assembleJob({ ...spec, items: spec.items || 1 }).metadata ?? {}
  const job = await getJob(api, { name, namespace: namespaceOf(api, spec, options) }, { signal })
  const { annotations = {} } = job?.metadata ?? {}
  if (job === undefined || annotations[RUN_ID] !== runId || isDeleting(job)) return undefined
  const items = numberIn(annotations[ITEMS_AT_START]) ?? countsOf(job).completions
  return { items, deadLetters: numberIn(annotations[DEAD_LETTERS_AT_START]) }
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
