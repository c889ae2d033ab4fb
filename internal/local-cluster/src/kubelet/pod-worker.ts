import { removeIfReleased } from '../deletion/finalizers.ts'
import type { EventNote } from '../events/event-recorder.ts'
import type { Pod } from '../objects/objects.ts'
import { PODS } from '../store/resource-types.ts'
import { initRole } from './container-record.ts'
import { ignoredFields } from './ignored-fields.ts'
import { type ContainerHost, PodContainer } from './pod-container.ts'
import { type PodEnding, podStatus } from './pod-status.ts'
import type { PodSurroundings } from './pod-surroundings.ts'
import { nextTurn } from './pod-turn.ts'
import { setUpVolumes } from './volumes.ts'

/** Kubernetes' default of `terminationGracePeriodSeconds`. */
const DEFAULT_GRACE_SECONDS = 30
/** The kubelet's own: a sidecar that ends after the others has this long, however little of the grace period is left. */
const MIN_SIDECAR_GRACE_MS = 2000
/** Longest wait of a timer. */
const MAX_TIMER_MS = 2 ** 31 - 1
const PAST_DEADLINE: PodEnding = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
}

/** Runs one pod: its volumes, its containers in their order, its deadline. Writes the pod's status. */
export class PodWorker implements ContainerHost {
  readonly surroundings: PodSurroundings
  readonly #pod: Pod
  readonly #inits: readonly PodContainer[]
  readonly #mains: readonly PodContainer[]
  /** Whether the containers may start: the worker has begun. */
  #begun = false
  #stopping = false
  #over = false
  /** Whether its volumes are there. */
  #mounted = false
  #deadline: NodeJS.Timeout | undefined
  /** The end of the grace period, in milliseconds since the epoch. Set when the first container is told to end. */
  #graceUntil: number | undefined
  /** Why the pod is being ended although nobody deleted it. */
  #ending: PodEnding | undefined

  constructor(pod: Pod, surroundings: PodSurroundings) {
    this.surroundings = surroundings
    this.#pod = pod
    const { initContainers = [], containers } = pod.spec
    const initializing = initContainers.length > 0
    this.#inits = initContainers.map((spec) => new PodContainer(this, spec, initRole(spec), true))
    this.#mains = containers.map((spec) => new PodContainer(this, spec, 'main', initializing))
  }

  /** Whether its processes have ended, and no more will come. */
  get isOver(): boolean {
    return this.#over
  }

  start(): void {
    if (this.#stopping) return
    this.#begun = true
    const ignored = ignoredFields(this.#pod).join(', ')
    if (ignored !== '') {
      const message = `The local cluster runs containers as plain processes. It ignores: ${ignored}`
      this.note({ type: 'Normal', reason: 'FieldsIgnored', message })
    }
    this.#awaitDeadline()
    this.#mount()
    this.changed()
  }

  /** Ends the containers, because the pod is being deleted. A second call with a shorter grace period ends them sooner. */
  stop(graceSeconds: number): void {
    this.#stopping = true
    this.#graceUntil = Date.now() + graceSeconds * 1000
    for (const container of this.#containers) {
      if (container.isStopping && container.progress !== 'ended') container.stop(this.#graceMs(container))
    }
    this.changed()
  }

  /** Ends the processes at once: the pod object is gone. */
  kill(): void {
    this.#stopping = true
    this.#over = true
    clearTimeout(this.#deadline)
    for (const container of this.#containers) container.discard()
  }

  /** Looks again for the Secrets and ConfigMaps that were missing: one of them has changed. */
  retryConfig(): void {
    if (!this.#begun || this.#stopping || this.#over) return
    const mounted = !this.#mounted && this.#mount()
    const waiting = this.#containers.filter(({ lacksConfig }) => lacksConfig)
    for (const container of waiting) container.start()
    if (mounted || waiting.length > 0) this.changed()
  }

  currentPod(): Pod {
    const { namespace, name, uid } = this.#pod.metadata
    const current = this.surroundings.store.get<Pod>(PODS, namespace, name)
    return current?.metadata.uid === uid ? current : this.#pod
  }

  note(note: EventNote, container?: PodContainer): void {
    const field = container?.role === 'main' ? 'containers' : 'initContainers'
    const where = container && { fieldPath: `spec.${field}{${container.name}}` }
    this.surroundings.events.record('kubelet', this.#pod, { ...note, ...where })
  }

  /** Starts and ends the containers whose turn it is, and writes how the pod stands. */
  changed(): void {
    if (this.#over) return
    while (this.#mounted || this.#stopping) {
      const { start, stop, over } = nextTurn(this.#inits, this.#mains, this.#stopping)
      if (over) {
        this.#finish()
        return
      }
      for (const container of start) container.start()
      for (const container of stop) container.stop(this.#graceMs(container))
      if (start.length + stop.length === 0) break
    }
    this.#write()
  }

  get #containers(): readonly PodContainer[] {
    return [...this.#inits, ...this.#mains]
  }

  /** The rest of the pod's grace period, which begins when its first container is told to end. */
  #graceMs({ role }: PodContainer): number {
    const { terminationGracePeriodSeconds = DEFAULT_GRACE_SECONDS } = this.#pod.spec
    this.#graceUntil ??= Date.now() + terminationGracePeriodSeconds * 1000
    return Math.max(this.#graceUntil - Date.now(), role === 'sidecar' ? MIN_SIDECAR_GRACE_MS : 0)
  }

  /** Makes the volumes. Until that succeeds no container starts. */
  #mount(): boolean {
    const { store, folder } = this.surroundings
    const problem = setUpVolumes(this.#pod, store, folder)
    this.#mounted = problem === undefined
    if (problem !== undefined) this.note({ type: 'Warning', reason: 'FailedMount', message: problem })
    return this.#mounted
  }

  #awaitDeadline(): void {
    const { activeDeadlineSeconds, terminationGracePeriodSeconds = DEFAULT_GRACE_SECONDS } = this.#pod.spec
    if (activeDeadlineSeconds === undefined) return
    this.#deadline = setTimeout(
      () => {
        if (this.#stopping || this.#over) return
        this.#ending = PAST_DEADLINE
        this.note({ type: 'Normal', ...PAST_DEADLINE })
        this.stop(terminationGracePeriodSeconds)
      },
      Math.min(activeDeadlineSeconds * 1000, MAX_TIMER_MS),
    )
  }

  #finish(): void {
    this.#over = true
    clearTimeout(this.#deadline)
    const now = Date.now()
    const sidecars = this.#inits.filter(({ role, progress }) => role === 'sidecar' && progress !== 'new')
    // When an init container has failed, the containers that it kept from starting stay as they wait.
    for (const container of this.#stopping ? [...sidecars, ...this.#mains] : sidecars) container.abandon(now)
    this.#write()
    const { store } = this.surroundings
    const current = this.currentPod()
    if (current.metadata.deletionTimestamp === undefined) return
    const metadata = { ...current.metadata, deletionGracePeriodSeconds: 0 }
    const ended = store.update<Pod>(PODS, current, (pod) => ({ ...pod, metadata }))
    if (ended) removeIfReleased(store, PODS, ended)
  }

  #write(): void {
    const facts = {
      initContainers: this.#inits.map(({ role, status }) => ({ role, status })),
      containers: this.#mains.map(({ status }) => status),
      over: this.#over,
      mounted: this.#mounted,
      ...(this.#ending && { ending: this.#ending }),
    }
    const now = Date.now()
    this.surroundings.store.update<Pod>(PODS, this.#pod, (pod) => ({ ...pod, status: podStatus(pod, facts, now) }))
  }
}
