import { randomUUID } from 'node:crypto'
import { removeIfReleased } from '../deletion/finalizers.ts'
import type { EventNote } from '../event-recorder.ts'
import { kubeTime, type Pod } from '../objects.ts'
import { PODS } from '../store/resource-types.ts'
import { ContainerRecord } from './container-record.ts'
import { prepareRun, runIdOf } from './container-run.ts'
import { ignoredFields } from './ignored-fields.ts'
import { lookUpImage } from './image.ts'
import { type PodEnding, podStatus } from './pod-status.ts'
import type { PodSurroundings } from './pod-surroundings.ts'
import { isRestarted, ranWell, restartDelayMs } from './restart-delay.ts'
import { abandonedState, exitedState, startErrorState, takeMessage } from './termination.ts'
import { setUpVolumes } from './volumes.ts'

/** The name that the one node has. */
const NODE_NAME = 'local'
/** From ErrImagePull to ImagePullBackOff, before any scaling. */
const PULL_BACKOFF_MS = 1000
/** Longest wait of a timer. */
const MAX_TIMER_MS = 2 ** 31 - 1
const PAST_DEADLINE: PodEnding = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
}

/** Runs the containers of one pod and writes the pod's status. */
export class PodWorker {
  readonly #around: PodSurroundings
  readonly #inits: readonly ContainerRecord[]
  readonly #mains: readonly ContainerRecord[]
  #pod: Pod
  #stopping = false
  #over = false
  /** Whether it has its node: nothing happens before. */
  #bound = false
  /** Whether its volumes are there. */
  #mounted = false
  #deadline: NodeJS.Timeout | undefined
  /** Why the pod is being ended though nobody deleted it. */
  #ending: PodEnding | undefined

  constructor(pod: Pod, around: PodSurroundings) {
    this.#pod = pod
    this.#around = around
    this.#inits = (pod.spec.initContainers ?? []).map((spec) => new ContainerRecord(spec, true, true))
    this.#mains = pod.spec.containers.map((spec) => new ContainerRecord(spec, false, this.#inits.length > 0))
  }

  /** Whether its processes have ended, and no more will come. */
  get isOver(): boolean {
    return this.#over
  }

  start(): void {
    if (this.#stopping) return
    const { store, events } = this.#around
    const bound = store.update<Pod>(PODS, this.#pod, (pod) => ({
      ...pod,
      spec: { ...pod.spec, nodeName: NODE_NAME },
      status: { ...pod.status, hostIP: '127.0.0.1', podIP: '127.0.0.1', startTime: kubeTime(Date.now()) },
    }))
    if (!bound) return
    this.#pod = bound
    this.#bound = true
    const { namespace, name } = bound.metadata
    const message = `Successfully assigned ${namespace}/${name} to ${NODE_NAME}`
    events.record('default-scheduler', bound, { type: 'Normal', reason: 'Scheduled', message })
    const ignored = ignoredFields(bound).join(', ')
    if (ignored !== '') {
      const told = `The local cluster runs containers as plain processes. It ignores: ${ignored}`
      this.#note({ type: 'Normal', reason: 'FieldsIgnored', message: told })
    }
    this.#awaitDeadline()
    this.#mount()
    this.#goOn()
  }

  /** Ends the containers, because the pod is being deleted. Again with a shorter grace: sooner. */
  stop(graceSeconds: number): void {
    this.#stopping = true
    for (const record of this.#records) {
      clearTimeout(record.timer)
      if (record.runId === undefined) continue
      this.#note({ type: 'Normal', reason: 'Killing', message: `Stopping container ${record.spec.name}` }, record)
      this.#around.supervisor.stop(record.runId, graceSeconds * 1000)
    }
    this.#goOn()
  }

  /** The pod object is gone: so are its processes, at once. */
  kill(): void {
    this.#stopping = true
    this.#over = true
    clearTimeout(this.#deadline)
    for (const record of this.#records) {
      clearTimeout(record.timer)
      if (record.runId !== undefined) this.#around.supervisor.stop(record.runId, 0)
    }
  }

  /** A Secret or a ConfigMap has changed: a container may have waited for it. */
  retryConfig(): void {
    if (!this.#bound || this.#stopping || this.#over) return
    if (!this.#mounted && this.#mount()) this.#goOn()
    const waits = this.#records.filter(({ state }) => state.waiting?.reason === 'CreateContainerConfigError')
    for (const record of waits) this.#startContainer(record)
    if (waits.length > 0) this.#goOn()
  }

  /** Makes the volumes. Until that succeeds no container starts. */
  #mount(): boolean {
    const { store, folder } = this.#around
    const problem = setUpVolumes(this.#pod, store, folder)
    this.#mounted = problem === undefined
    if (problem !== undefined) this.#note({ type: 'Warning', reason: 'FailedMount', message: problem })
    return this.#mounted
  }

  #awaitDeadline(): void {
    const { activeDeadlineSeconds, terminationGracePeriodSeconds = 30 } = this.#pod.spec
    if (activeDeadlineSeconds === undefined) return
    this.#deadline = setTimeout(
      () => {
        if (this.#stopping || this.#over) return
        this.#ending = PAST_DEADLINE
        this.#note({ type: 'Normal', ...PAST_DEADLINE })
        this.stop(terminationGracePeriodSeconds)
      },
      Math.min(activeDeadlineSeconds * 1000, MAX_TIMER_MS),
    )
  }

  get #records(): readonly ContainerRecord[] {
    return [...this.#inits, ...this.#mains]
  }

  /** Starts what is to be started next, and says how the pod stands. */
  #goOn(): void {
    if (this.#over) return
    if (this.#stopping) {
      if (this.#records.every(({ runId }) => runId === undefined)) this.#finish()
      else this.#write()
      return
    }
    if (!this.#mounted) {
      this.#write()
      return
    }
    const init = this.#inits.find(({ state }) => state.terminated?.exitCode !== 0)
    const turn = init ? [init] : this.#mains
    for (const record of turn) {
      if (!record.begun) this.#startContainer(record)
      if (record.state.terminated) this.#restartIfAsked(record)
    }
    const ended = ({ state, timer }: ContainerRecord) => state.terminated !== undefined && timer === undefined
    // A failed init container that is not started again ends the pod, and so does the last of the others.
    const next = this.#inits.find(({ state }) => state.terminated?.exitCode !== 0)
    if (init && !next) this.#goOn()
    else if (next ? ended(next) : this.#mains.every(ended)) this.#finish()
    else this.#write()
  }

  #finish(): void {
    this.#over = true
    clearTimeout(this.#deadline)
    const now = Date.now()
    // When an init container has failed, those that it kept from starting stay as they wait.
    const abandoned = this.#stopping ? this.#mains : []
    for (const record of abandoned) if (!record.state.terminated) record.state = abandonedState(record, now)
    this.#write()
    const { store } = this.#around
    const { uid, namespace, name } = this.#pod.metadata
    const current = store.get<Pod>(PODS, namespace, name)
    if (current?.metadata.uid !== uid || current.metadata.deletionTimestamp === undefined) return
    const metadata = { ...current.metadata, deletionGracePeriodSeconds: 0 }
    const ended = store.update<Pod>(PODS, current, (pod) => ({ ...pod, metadata }))
    if (ended) removeIfReleased(store, PODS, ended)
  }

  #startContainer(record: ContainerRecord): void {
    const { images, strictImages, supervisor, folder } = this.#around
    const { spec } = record
    const { namespace, name } = this.#pod.metadata
    // As it is now: its annotations may have changed since its last start.
    const pod = this.#around.store.get<Pod>(PODS, namespace, name) ?? this.#pod
    record.begun = true
    const lookup = lookUpImage(spec, images, strictImages)
    if ('reason' in lookup) {
      this.#cannotPull(record, lookup.reason, lookup.message, lookup.thenReason)
      return
    }
    const present = `Container image "${spec.image}" already present on machine`
    this.#note({ type: 'Normal', reason: 'Pulled', message: present }, record)
    const prepared = prepareRun(record, pod, lookup.entrypoint, this.#around)
    if ('missing' in prepared) {
      record.state = { waiting: { reason: 'CreateContainerConfigError', message: prepared.missing } }
      this.#note({ type: 'Warning', reason: 'Failed', message: `Error: ${prepared.missing}` }, record)
      return
    }
    record.containerId = `local://${randomUUID()}`
    record.state = { waiting: { reason: 'ContainerCreating' } }
    this.#note({ type: 'Normal', reason: 'Created', message: `Created container: ${spec.name}` }, record)
    if ('impossible' in prepared) {
      this.#notStarted(record, prepared.impossible, Date.now())
      return
    }
    record.runId = runIdOf(pod, spec.name, record.restarts)
    supervisor.run(record.runId, prepared.run, {
      started: (at) => {
        record.state = { running: { startedAt: kubeTime(at) } }
        this.#note({ type: 'Normal', reason: 'Started', message: `Started container ${spec.name}` }, record)
        this.#write()
      },
      notStarted: (why, at) => {
        record.runId = undefined
        const words = /ENOENT/.test(why) ? 'no such file or directory' : /EACCES/.test(why) ? 'permission denied' : why
        this.#notStarted(record, `exec: "${prepared.run.command[0]}": ${words}`, at)
        this.#goOn()
      },
      exited: (exitCode, at) => {
        record.runId = undefined
        if (this.#over) {
          takeMessage(folder, pod, spec.name, record.restarts)
          return
        }
        record.state = exitedState(folder, pod, record, exitCode, at)
        this.#goOn()
      },
    })
  }

  #notStarted(record: ContainerRecord, why: string, at: number): void {
    const message = `unable to start container process: ${why}`
    record.state = startErrorState(record, message, at)
    this.#note({ type: 'Warning', reason: 'Failed', message: `Error: ${message}` }, record)
  }

  #cannotPull(record: ContainerRecord, reason: string, message: string, thenReason: string | undefined): void {
    const { image } = record.spec
    record.state = { waiting: { reason, message } }
    const failed = (text: string) => this.#note({ type: 'Warning', reason: 'Failed', message: text }, record)
    if (thenReason === undefined) {
      this.#note({ type: 'Warning', reason: reason === 'InvalidImageName' ? 'InspectFailed' : reason, message }, record)
      failed(`Error: ${reason}`)
      return
    }
    this.#note({ type: 'Normal', reason: 'Pulling', message: `Pulling image "${image}"` }, record)
    failed(`Failed to pull image "${image}": ${message}`)
    failed(`Error: ${reason}`)
    // The images are what they are: another try would find the same.
    record.timer = setTimeout(() => {
      const backoff = `Back-off pulling image "${image}"`
      record.state = { waiting: { reason: thenReason, message: `${backoff}: ${reason}: ${message}` } }
      this.#note({ type: 'Normal', reason: 'BackOff', message: backoff }, record)
      failed(`Error: ${thenReason}`)
      this.#write()
    }, PULL_BACKOFF_MS * this.#around.backoffScale)
  }

  /** Starts a container again when its pod's policy asks for that: at first at once, then after a growing delay. */
  #restartIfAsked(record: ContainerRecord): void {
    const { terminated } = record.state
    if (!terminated || record.timer) return
    if (!isRestarted(this.#pod.spec.restartPolicy, record.isInit, terminated.exitCode)) return
    if (ranWell(terminated)) record.crashes = 0
    record.lastState = { terminated }
    const delay = restartDelayMs(record.crashes)
    if (delay > 0) {
      const { namespace, name, uid } = this.#pod.metadata
      const pod = `${name}_${namespace}(${uid})`
      const message = `back-off ${delay / 1000}s restarting failed container=${record.spec.name} pod=${pod}`
      record.state = { waiting: { reason: 'CrashLoopBackOff', message } }
      const told = `Back-off restarting failed container ${record.spec.name} in pod ${pod}`
      this.#note({ type: 'Warning', reason: 'BackOff', message: told }, record)
    }
    record.timer = setTimeout(() => {
      record.timer = undefined
      record.crashes++
      record.restarts++
      this.#startContainer(record)
      this.#goOn()
    }, delay * this.#around.backoffScale)
  }

  #write(): void {
    const facts = {
      initContainers: this.#inits.map(({ status }) => status),
      containers: this.#mains.map(({ status }) => status),
      over: this.#over,
      mounted: this.#mounted,
      ...(this.#ending && { ending: this.#ending }),
    }
    const now = Date.now()
    this.#around.store.update<Pod>(PODS, this.#pod, (pod) => ({ ...pod, status: podStatus(pod, facts, now) }))
  }

  #note(note: EventNote, record?: ContainerRecord): void {
    const field = record?.isInit ? 'initContainers' : 'containers'
    const where = record && { fieldPath: `spec.${field}{${record.spec.name}}` }
    this.#around.events.record('kubelet', this.#pod, { ...note, ...where })
  }
}
