import { randomUUID } from 'node:crypto'
import type { EventNote } from '../events/event-recorder.ts'
import { type Container, type ContainerStatus, kubeTime, type Pod, type TerminatedState } from '../objects/objects.ts'
import { ContainerRecord, type ContainerRole } from './container-record.ts'
import { prepareRun, runIdOf } from './container-run.ts'
import { lookUpImage } from './image.ts'
import type { PodSurroundings } from './pod-surroundings.ts'
import type { OrderedContainer } from './pod-turn.ts'
import { isRestarted, ranWell, restartDelayMs } from './restart-delay.ts'
import { abandonedState, exitedState, startErrorState, takeMessage } from './termination.ts'

/** From ErrImagePull to ImagePullBackOff, before any scaling. */
const PULL_BACKOFF_MS = 1000

/** The pod that a container belongs to. */
export interface ContainerHost {
  readonly surroundings: PodSurroundings
  /** The pod as it is now: its annotations may have changed since the container's last start. */
  currentPod(): Pod
  /** Writes an event about the container. */
  note(note: EventNote, container: PodContainer): void
  /** Called after every change that did not come from a call of the pod itself. */
  changed(): void
}

/** Runs one container of a pod, again and again when its rules ask for that. */
export class PodContainer implements OrderedContainer {
  readonly #host: ContainerHost
  readonly #record: ContainerRecord
  #progress: OrderedContainer['progress'] = 'new'
  #stopping = false
  #discarded = false
  /** Exits in a row that count for the crash-loop back-off. */
  #crashes = 0
  /** While the supervisor runs it. */
  #runId: string | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param initializing whether init containers come before it */
  constructor(host: ContainerHost, spec: Container, role: ContainerRole, initializing: boolean) {
    this.#host = host
    this.#record = new ContainerRecord(spec, role, initializing)
  }

  get name(): string {
    return this.#record.spec.name
  }

  get role(): ContainerRole {
    return this.#record.role
  }

  get progress(): OrderedContainer['progress'] {
    return this.#progress
  }

  get exitCode(): number | undefined {
    return this.#record.state.terminated?.exitCode
  }

  get isStopping(): boolean {
    return this.#stopping
  }

  get status(): ContainerStatus {
    return this.#record.status
  }

  /** Whether it waits for a Secret or a ConfigMap that is not there. */
  get lacksConfig(): boolean {
    return this.#progress === 'waiting' && this.#record.state.waiting?.reason === 'CreateContainerConfigError'
  }

  /** Starts it. A problem becomes its state: nothing is thrown. */
  start(): void {
    const { images, strictImages } = this.#host.surroundings
    const record = this.#record
    const { spec } = record
    this.#progress = 'waiting'
    const lookup = lookUpImage(spec, images, strictImages)
    if ('reason' in lookup) {
      this.#cannotPull(lookup.reason, lookup.message, lookup.thenReason)
      return
    }
    const present = `Container image "${spec.image}" already present on machine`
    this.#note({ type: 'Normal', reason: 'Pulled', message: present })
    const pod = this.#host.currentPod()
    const prepared = prepareRun(record, pod, lookup.image, this.#host.surroundings)
    if ('missing' in prepared) {
      record.state = { waiting: { reason: 'CreateContainerConfigError', message: prepared.missing } }
      this.#note({ type: 'Warning', reason: 'Failed', message: `Error: ${prepared.missing}` })
      return
    }
    record.containerId = `local://${randomUUID()}`
    record.state = { waiting: { reason: 'ContainerCreating' } }
    this.#note({ type: 'Normal', reason: 'Created', message: `Created container: ${spec.name}` })
    if ('impossible' in prepared) this.#notStarted(prepared.impossible, Date.now())
    else this.#run(pod, prepared.run)
  }

  /** Ends it. A second call with a shorter grace period ends it sooner. */
  stop(graceMs: number): void {
    clearTimeout(this.#timer)
    if (this.#runId === undefined) {
      this.#progress = 'ended'
    } else {
      if (!this.#stopping) {
        this.#note({ type: 'Normal', reason: 'Killing', message: `Stopping container ${this.name}` })
      }
      this.#host.surroundings.supervisor.stop(this.#runId, graceMs)
    }
    this.#stopping = true
  }

  /** Ends it at once and without a word: its pod is gone. */
  discard(): void {
    this.#discarded = true
    clearTimeout(this.#timer)
    if (this.#runId !== undefined) this.#host.surroundings.supervisor.stop(this.#runId, 0)
  }

  /** Its pod has ended: a container that waits will not start any more. */
  abandon(now: number): void {
    if (!this.#record.state.terminated) this.#record.state = abandonedState(this.#record, now)
  }

  #run(pod: Pod, run: Parameters<PodSurroundings['supervisor']['run']>[1]): void {
    const { supervisor, folder } = this.#host.surroundings
    const record = this.#record
    this.#runId = runIdOf(pod, this.name, record.restarts)
    supervisor.run(this.#runId, run, {
      started: (at) => {
        record.state = { running: { startedAt: kubeTime(at) } }
        this.#progress = 'running'
        this.#note({ type: 'Normal', reason: 'Started', message: `Started container ${this.name}` })
        this.#changed()
      },
      notStarted: (why, at) => {
        this.#runId = undefined
        const words = /ENOENT/.test(why) ? 'no such file or directory' : /EACCES/.test(why) ? 'permission denied' : why
        this.#notStarted(`exec: "${run.command[0]}": ${words}`, at)
        this.#changed()
      },
      exited: (exitCode, at) => {
        this.#runId = undefined
        if (this.#discarded) {
          takeMessage(folder, pod, this.name, record.restarts)
          return
        }
        record.state = exitedState(folder, pod, record, exitCode, at)
        this.#ended()
        this.#changed()
      },
    })
  }

  #notStarted(why: string, at: number): void {
    const message = `unable to start container process: ${why}`
    this.#record.state = startErrorState(this.#record, message, at)
    this.#note({ type: 'Warning', reason: 'Failed', message: `Error: ${message}` })
    this.#ended()
  }

  #cannotPull(reason: string, message: string, thenReason: string | undefined): void {
    const record = this.#record
    const { image } = record.spec
    record.state = { waiting: { reason, message } }
    const failed = (text: string) => this.#note({ type: 'Warning', reason: 'Failed', message: text })
    if (thenReason === undefined) {
      this.#note({ type: 'Warning', reason: reason === 'InvalidImageName' ? 'InspectFailed' : reason, message })
      failed(`Error: ${reason}`)
      return
    }
    this.#note({ type: 'Normal', reason: 'Pulling', message: `Pulling image "${image}"` })
    failed(`Failed to pull image "${image}": ${message}`)
    failed(`Error: ${reason}`)
    // The images do not change: another try would fail in the same way.
    this.#timer = setTimeout(() => {
      const backoff = `Back-off pulling image "${image}"`
      record.state = { waiting: { reason: thenReason, message: `${backoff}: ${reason}: ${message}` } }
      this.#note({ type: 'Normal', reason: 'BackOff', message: backoff })
      failed(`Error: ${thenReason}`)
      this.#changed()
    }, PULL_BACKOFF_MS * this.#host.surroundings.backoffScale)
  }

  /** After an exit or a failed start: waits for the next start, or has ended for good. */
  #ended(): void {
    const { terminated } = this.#record.state
    const { restartPolicy } = this.#host.currentPod().spec
    if (terminated && !this.#stopping && isRestarted(restartPolicy, this.role, terminated.exitCode)) {
      this.#awaitRestart(terminated)
    } else {
      this.#progress = 'ended'
    }
  }

  /** The first restart is at once, the next ones wait ever longer. */
  #awaitRestart(terminated: TerminatedState): void {
    const record = this.#record
    this.#progress = 'waiting'
    if (ranWell(terminated)) this.#crashes = 0
    record.lastState = { terminated }
    const delay = restartDelayMs(this.#crashes)
    if (delay > 0) {
      const { namespace, name, uid } = this.#host.currentPod().metadata
      const pod = `${name}_${namespace}(${uid})`
      const message = `back-off ${delay / 1000}s restarting failed container=${this.name} pod=${pod}`
      record.state = { waiting: { reason: 'CrashLoopBackOff', message } }
      const told = `Back-off restarting failed container ${this.name} in pod ${pod}`
      this.#note({ type: 'Warning', reason: 'BackOff', message: told })
    }
    this.#timer = setTimeout(() => {
      this.#crashes++
      record.restarts++
      this.start()
      this.#changed()
    }, delay * this.#host.surroundings.backoffScale)
  }

  #note(note: EventNote): void {
    this.#host.note(note, this)
  }

  #changed(): void {
    if (!this.#discarded) this.#host.changed()
  }
}
