import type { JobObject, PodObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { listPodPage } from '../api/resources.ts'
import { countsOf } from '../job/job-state.ts'
import { MOST_PODS, regular } from './sample.ts'

/** A page is about a megabyte and a half. */
const PAGE = 250
/** People look for failures first, so some pages of them are read before a sample of the rest. */
const FAILED_PAGES = 2
const SAMPLE_PAGES = 6

/** The pods that a Job has made, by its own count. */
export function podsMade(job: JobObject): number {
  const { succeeded, failed, active, terminating } = countsOf(job)
  return succeeded + failed + active + terminating
}

/** The pods of a Job that exist, and whether these are all. */
export interface PodsRead {
  readonly pods: readonly PodObject[]
  readonly all: boolean
}

/**
 * Reads the pods of a Job at its end: all of a Job of up to 2000, else the failed ones and a sample. It takes at most ten requests,
 * whatever the Job's size.
 */
export async function readPods(api: KubeApi, job: JobObject, signal: AbortSignal): Promise<PodsRead> {
  const ref = { name: job.metadata.name, namespace: job.metadata.namespace ?? 'default', uid: job.metadata.uid }
  const pages = async (most: number, query: PageQuery = {}): Promise<PodsRead> => {
    const pods: PodObject[] = []
    let next: string | undefined
    for (let page = 0; page < most; page++) {
      const read = await listPodPage(api, ref, { ...query, limit: PAGE, next, signal })
      pods.push(...read.pods)
      next = read.next
      if (next === undefined) return { pods, all: true }
    }
    return { pods, all: false }
  }
  const most = Math.ceil(MOST_PODS / PAGE)
  if (podsMade(job) <= MOST_PODS) return pages(most + FAILED_PAGES)
  const failed = await pages(FAILED_PAGES, { fieldSelector: 'status.phase=Failed' })
  const others = await sample(job, pages)
  const byUid = new Map([...failed.pods, ...others].map((pod) => [pod.metadata.uid, pod]))
  return { pods: [...byUid.values()], all: false }
}

interface PageQuery {
  readonly fieldSelector?: string
  readonly indexes?: readonly number[]
}

/** Pods of all times of the run: the server lists by name, whose order is that of the indexes as text, or random. */
async function sample(
  job: JobObject,
  pages: (most: number, query?: PageQuery) => Promise<PodsRead>,
): Promise<PodObject[]> {
  const { completions = 0, completionMode } = job.spec
  const found: PodObject[] = []
  if (completionMode === 'Indexed') {
    const wanted = regular(
      Array.from({ length: completions }, (_, index) => index),
      SAMPLE_PAGES * PAGE,
    )
    for (let at = 0; at < wanted.length; at += PAGE) {
      found.push(...(await pages(1, { indexes: wanted.slice(at, at + PAGE) })).pods)
      // Before Kubernetes 1.28 pods have no such label.
      if (found.length === 0) break
    }
  }
  if (found.length > 0) return found
  return [...(await pages(SAMPLE_PAGES, { fieldSelector: 'status.phase!=Failed' })).pods]
}
