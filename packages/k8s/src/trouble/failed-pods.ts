import type { JobObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { listPodPage } from '../api/resources.ts'
import { failedAttempt } from '../pods/failed-attempt.ts'
import { refOf } from './describe-pods.ts'
import { FailureTally } from './failure-tally.ts'

/** A page is about a megabyte. A look reads at most four, so its cost does not grow with the Job. */
const PAGE = 250
const PAGES_A_LOOK = 4

/**
 * Reads the failed pods of a Job. The server lists pods by name, and has no order by time: so each look goes on where the last
 * one stopped, from the first page to the last and again from the first. No verdict depends on which names come first.
 */
export class FailedPods {
  readonly #api: KubeApi
  #next: string | undefined
  #walk = new FailureTally()
  #lastWalk = new FailureTally()

  constructor(api: KubeApi) {
    this.#api = api
  }

  /** Reads on, and returns what is known: the last walk through all pages, or this one when it has seen more. */
  async look(job: JobObject, signal: AbortSignal): Promise<FailureTally> {
    for (let page = 0; page < PAGES_A_LOOK; page++) {
      const options = { fieldSelector: 'status.phase=Failed', limit: PAGE, next: this.#next, signal }
      let read: Awaited<ReturnType<typeof listPodPage>>
      try {
        read = await listPodPage(this.#api, refOf(job), options)
      } catch (error) {
        this.#startAgain() // a place in a list is forgotten after some minutes (410)
        throw error
      }
      for (const pod of read.pods) {
        const attempt = failedAttempt(pod)
        if (attempt !== undefined) this.#walk.add(attempt)
      }
      this.#next = read.next
      if (read.next !== undefined) continue
      this.#lastWalk = this.#walk
      this.#startAgain()
      break
    }
    return this.#walk.total > this.#lastWalk.total ? this.#walk : this.#lastWalk
  }

  #startAgain(): void {
    this.#next = undefined
    this.#walk = new FailureTally()
  }
}
