import { once } from 'node:events'
import type { PassThrough } from 'node:stream'
import { pause } from '@internal/async'
import { redact } from '@internal/errors'
import { ApiAnswer, toK8sError } from '../api/api-answer.ts'
import type { ContainerStatus, PodObject } from '../api/api-objects.ts'
import { fullJitterMs } from '../api/backoff.ts'
import type { ApiRequest, KubeApi } from '../api/kube-api.ts'
import { linesOf } from '../api/lines.ts'
import { podsPath } from '../api/resources.ts'
import { indexOf } from '../pods/completion-index.ts'
import { workerStatus } from '../pods/containers.ts'
import { LogPosition, type PodLogLine } from './log-line.ts'

const REOPENS = 5

/** Follows the logs of pods as they are seen, each attempt of a container once, into one stream of lines. */
export class LogFollower {
  onError: (error: Error) => void = () => undefined
  readonly #api: KubeApi
  readonly #namespace: string
  readonly #lines: PassThrough
  readonly #signal: AbortSignal
  readonly #followed = new Map<string, Promise<void>>()
  readonly #ended = new Set<string>()

  constructor(api: KubeApi, namespace: string, lines: PassThrough, signal: AbortSignal) {
    this.#api = api
    this.#namespace = namespace
    this.#lines = lines
    this.#signal = signal
  }

  /** Takes note of a pod's state, and begins to follow the attempts that it does not follow yet. */
  see(pod: PodObject): void {
    const container = workerStatus(pod)
    if (container === undefined) return
    const { restartCount, state = {}, lastState } = container
    if (lastState?.terminated !== undefined && restartCount > 0) {
      this.#ended.add(attemptKey(pod, restartCount - 1))
      this.#begin(pod, container, restartCount - 1)
    }
    if (state.terminated !== undefined) this.#ended.add(attemptKey(pod, restartCount))
    if (state.running !== undefined || state.terminated !== undefined) this.#begin(pod, container, restartCount)
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#followed.values())
  }

  #begin(pod: PodObject, container: ContainerStatus, attempt: number): void {
    const key = attemptKey(pod, attempt)
    if (this.#followed.has(key)) return
    const previous = attempt < container.restartCount
    const following = this.#follow(pod, container.name, { attempt, previous }).catch((error: unknown) => {
      if (error instanceof ApiAnswer && (error.code === 401 || error.code === 403)) this.onError(toK8sError(error))
    })
    this.#followed.set(key, following)
  }

  async #follow(
    pod: PodObject,
    container: string,
    { attempt, previous }: { attempt: number; previous: boolean },
  ): Promise<void> {
    const position = new LogPosition()
    for (let failures = 0; failures <= REOPENS; ) {
      const query = {
        container,
        follow: !previous,
        previous: previous || undefined,
        timestamps: true,
        sinceTime: position.sinceTime,
      }
      position.resume()
      try {
        const request = { ...logRequest(this.#namespace, pod.metadata.name), query, signal: this.#signal }
        for await (const stamped of linesOf(await this.#api.stream(request))) {
          const line = position.take(stamped)
          if (line !== undefined && !this.#lines.write(lineOf(pod, attempt, line))) {
            await once(this.#lines, 'drain', { signal: this.#signal })
          }
        }
        if (await this.#hasEnded(attemptKey(pod, attempt))) return
      } catch (error) {
        this.#signal.throwIfAborted()
        if (error instanceof ApiAnswer && [401, 403, 404].includes(error.code)) throw error
      }
      failures++
      await pause(fullJitterMs(failures, { baseMs: 500, maxMs: 5000 }), this.#signal)
    }
  }

  /** Whether a log ended because its program did: a stream that ends before may have been cut by the node. */
  async #hasEnded(attempt: string): Promise<boolean> {
    for (let look = 0; look < 20; look++) {
      if (this.#ended.has(attempt)) return true
      await pause(100, this.#signal) // the pod's own state comes by another connection
    }
    return false
  }
}

function attemptKey({ metadata }: PodObject, attempt: number): string {
  return `${metadata.uid}/${attempt}`
}

/** A line of a pod, as an app gets it. */
export function lineOf(pod: PodObject, attempt: number, line: string): PodLogLine {
  const index = indexOf(pod)
  return { pod: pod.metadata.name, ...(index === undefined ? {} : { index }), attempt, line: redact(line) }
}

/** The request for a pod's log. */
export function logRequest(namespace: string, pod: string): ApiRequest {
  return { verb: 'get', resource: 'pods/log', namespace, name: pod, path: `${podsPath(namespace)}/${pod}/log` }
}
