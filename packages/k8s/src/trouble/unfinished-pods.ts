import type { JobObject, PodObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { listPodPage } from '../api/resources.ts'
import { refOf } from './describe-pods.ts'

const PAGE = 250
/** More pods than that at the same time are read in part. */
const MOST_PAGES = 40

/**
 * Reads the pods of a Job that have not ended, page by page: all of them, whatever their names. There are as many as the
 * Job's parallelism, and those that are being ended.
 */
export async function unfinishedPods(api: KubeApi, job: JobObject, signal: AbortSignal): Promise<PodObject[]> {
  const pods: PodObject[] = []
  const fieldSelector = 'status.phase!=Succeeded,status.phase!=Failed'
  let next: string | undefined
  for (let page = 0; page < MOST_PAGES; page++) {
    const read = await listPodPage(api, refOf(job), { fieldSelector, limit: PAGE, next, signal })
    pods.push(...read.pods)
    next = read.next
    if (next === undefined) break
  }
  return pods
}
