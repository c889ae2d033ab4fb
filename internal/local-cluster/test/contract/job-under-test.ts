import type { Condition, ContainerState, Job, KubeObject, Pod } from '../../src/objects/objects.ts'
import { type Answer, MERGE, type Place } from './kube-client.ts'

export interface JobEvent extends KubeObject {
  readonly type: string
  readonly reason: string
  readonly message: string
  readonly count?: number
}

/** One Job of a behaviour, and the questions about it. */
export class JobUnderTest {
  readonly #place: Place
  /** As it was answered to its creation. */
  readonly created: Job

  constructor(place: Place, created: Job) {
    this.#place = place
    this.created = created
  }

  get name(): string {
    return this.created.metadata.name
  }

  get path(): string {
    return this.#place.path('jobs', this.name)
  }

  async read(): Promise<Job> {
    return (await this.#place.client.call('GET', this.path)).body
  }

  patch(body: object, subresource = ''): Promise<Answer> {
    return this.#place.client.call('PATCH', this.path + subresource, body, MERGE)
  }

  delete(propagationPolicy: string, more: object = {}): Promise<Answer> {
    return this.#place.client.call('DELETE', this.path, { propagationPolicy, ...more })
  }

  /** The states of the Job from its first to the one that fits: every one, when it is asked for soon after the creation. */
  async until(fits: (job: Job) => boolean): Promise<readonly [Job, ...Job[]]> {
    const seen: [Job, ...Job[]] = [this.created]
    let from = this.created
    for (;;) {
      const query = { fieldSelector: `metadata.name=${this.name}`, resourceVersion: from.metadata.resourceVersion }
      for await (const { type, object } of this.#place.client.watch<Job>(this.#place.path('jobs'), query)) {
        if (type === 'ERROR') break
        if (type === 'DELETED') throw new Error(`${this.name} was deleted`)
        seen.push(object)
        if (fits(object)) return seen
      }
      // A busy API server does not remember for long.
      const { status, body } = await this.#place.client.call('GET', this.path)
      if (status === 404) throw new Error(`${this.name} was deleted`)
      from = body
      seen.push(from)
      if (fits(from)) return seen
    }
  }

  /** Its first state that fits. */
  async state(fits: (job: Job) => boolean): Promise<Job> {
    return (await this.until(fits)).at(-1) as Job
  }

  /** Its last state. */
  async finished(): Promise<Job> {
    return await this.state((job) => has(job, 'Complete') || has(job, 'Failed'))
  }

  /** Resolves when it is gone. */
  async gone(): Promise<void> {
    let { resourceVersion } = this.created.metadata
    for (;;) {
      const query = { fieldSelector: `metadata.name=${this.name}`, resourceVersion }
      for await (const { type } of this.#place.client.watch(this.#place.path('jobs'), query)) {
        if (type === 'ERROR') break
        if (type === 'DELETED') return
      }
      const { status, body } = await this.#place.client.call('GET', this.path)
      if (status === 404 || body.metadata.uid !== this.created.metadata.uid) return
      resourceVersion = body.metadata.resourceVersion
    }
  }

  async pods(): Promise<Pod[]> {
    const labelSelector = encodeURIComponent(`batch.kubernetes.io/controller-uid=${this.created.metadata.uid}`)
    return (await this.#place.client.call('GET', `${this.#place.path('pods')}?labelSelector=${labelSelector}`)).body
      .items
  }

  /** Its pods at the first moment at which they fit, those that are gone since left out. */
  async podsThat(fits: (pods: readonly Pod[]) => boolean): Promise<Pod[]> {
    const labelSelector = `batch.kubernetes.io/controller-uid=${this.created.metadata.uid}`
    return await this.#collect<Pod>('pods', { labelSelector }, fits)
  }

  /** The first of its pods that fits; also when it is gone a moment later. */
  async pod(fits: (pod: Pod) => boolean = ({ status }) => status.phase === 'Running'): Promise<Pod> {
    let found: Pod | undefined
    const labelSelector = `batch.kubernetes.io/controller-uid=${this.created.metadata.uid}`
    await this.#collect<Pod>('pods', { labelSelector }, (_, latest) => {
      found = latest.find(fits)
      return found !== undefined
    })
    if (!found) throw new Error(`no pod of ${this.name} came so far`)
    return found
  }

  /** Every state of its pods, to be asked for at once after its creation. */
  async *podStates(): AsyncGenerator<Pod> {
    const { uid, resourceVersion } = this.created.metadata
    const query = { labelSelector: `batch.kubernetes.io/controller-uid=${uid}`, resourceVersion }
    for await (const { type, object } of this.#place.client.watch<Pod>(this.#place.path('pods'), query)) {
      if (type === 'ERROR') throw new Error(JSON.stringify(object))
      yield object
    }
  }

  /** The events about the Job, or about one pod, at the first moment at which they fit. */
  async events(fits: (events: readonly JobEvent[]) => boolean, about: KubeObject = this.created): Promise<JobEvent[]> {
    const fieldSelector = `involvedObject.uid=${about.metadata.uid}`
    return await this.#collect<JobEvent>('events', { fieldSelector }, fits)
  }

  async log(pod: Pod, query: Record<string, string> = {}): Promise<string> {
    const { status, body } = await this.readLog(pod, query)
    if (status !== 200) throw new Error(JSON.stringify(body))
    return body
  }

  readLog(pod: Pod, query: Record<string, string> = {}): Promise<Answer> {
    const path = this.#place.path('pods', pod.metadata.name, 'log')
    return this.#place.client.call('GET', `${path}?${new URLSearchParams(query)}`)
  }

  /** Resolves when a pod's log has a text in it: what was written so far. */
  async says(pod: Pod, text: string): Promise<string> {
    for await (const said of this.hear(pod)) if (said.includes(text)) return said
    throw new Error(`${pod.metadata.name} did not say ${text}`)
  }

  /** A pod's log as it grows: all that was heard of it so far, again and again, until its end. */
  async *hear(pod: Pod, query: Record<string, string> = {}): AsyncGenerator<string> {
    let said = ''
    const path = this.#place.path('pods', pod.metadata.name, 'log')
    for await (const chunk of this.#place.client.stream(path, { follow: 'true', ...query })) {
      said += chunk
      yield said
    }
  }

  /** Keeps a pod from going away, so that its last state and its log can be read, until the result is disposed of. */
  async hold({ metadata }: Pod): Promise<AsyncDisposable> {
    const path = this.#place.path('pods', metadata.name)
    const change = (finalizers: readonly string[] | null) =>
      this.#place.client.call('PATCH', path, { metadata: { finalizers } }, MERGE)
    await change([...(metadata.finalizers ?? []), 'example.org/hold'])
    return { [Symbol.asyncDispose]: async () => void (await change(null)) }
  }

  /** Its first pod that runs and has said that it is ready. */
  async readyPod(): Promise<Pod> {
    const pod = await this.pod()
    await this.says(pod, 'ready')
    return pod
  }

  /** The log of its only pod, when the Job is finished. */
  async output(): Promise<string> {
    await this.finished()
    const [pod] = await this.pods()
    if (!pod) throw new Error(`${this.name} has no pod`)
    return await this.log(pod)
  }

  /** The objects at the first moment at which they fit. `latest`: those that have changed since the last look. */
  async #collect<T extends KubeObject>(
    plural: string,
    query: Record<string, string>,
    fits: (objects: readonly T[], latest: readonly T[]) => boolean,
  ): Promise<T[]> {
    const path = this.#place.path(plural)
    for (;;) {
      const list = (await this.#place.client.call('GET', `${path}?${new URLSearchParams(query)}`)).body
      const found = new Map<string, T>(list.items.map((object: T) => [object.metadata.uid, object]))
      if (fits([...found.values()], list.items)) return [...found.values()]
      const from = { ...query, resourceVersion: list.metadata.resourceVersion }
      for await (const { type, object } of this.#place.client.watch<T>(path, from)) {
        if (type === 'ERROR') break
        if (type === 'DELETED') found.delete(object.metadata.uid)
        else found.set(object.metadata.uid, object)
        if (fits([...found.values()], [object])) return [...found.values()]
      }
    }
  }
}

export function condition(
  object: { readonly status: { readonly conditions?: readonly Condition[] } },
  type: string,
): Condition | undefined {
  return object.status.conditions?.find((each) => each.type === type)
}

export function has(
  object: { readonly status: { readonly conditions?: readonly Condition[] } },
  type: string,
): boolean {
  return condition(object, type)?.status === 'True'
}

/** The state of a pod's first container. */
export function stateOf(pod: Pod | undefined): ContainerState {
  return pod?.status.containerStatuses?.[0]?.state ?? {}
}

/** Which completion a pod is for. */
export function indexOf(pod: Pod): string | undefined {
  return pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index']
}

export function byAge(pods: readonly Pod[]): Pod[] {
  return [...pods].sort((a, b) => Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp))
}
