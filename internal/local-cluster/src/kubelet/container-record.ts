import type { Container, ContainerState, ContainerStatus } from '../objects.ts'

/** One container of a pod on the way from waiting to its last exit. */
export class ContainerRecord {
  readonly spec: Container
  readonly isInit: boolean
  state: ContainerState = { waiting: { reason: 'ContainerCreating' } }
  lastState: ContainerState = {}
  restarts = 0
  /** Exits in a row that count for the crash-loop back-off. */
  crashes = 0
  /** Whether its first start has been tried. */
  begun = false
  /** While the supervisor runs it. */
  runId: string | undefined
  containerId: string | undefined
  timer: NodeJS.Timeout | undefined

  /** `waits`: whether init containers come before it. */
  constructor(spec: Container, isInit: boolean, waits: boolean) {
    this.spec = spec
    this.isInit = isInit
    if (waits) this.state = { waiting: { reason: 'PodInitializing' } }
  }

  get status(): ContainerStatus {
    const running = this.state.running !== undefined
    return {
      name: this.spec.name,
      state: this.state,
      lastState: this.lastState,
      ready: this.isInit ? this.state.terminated?.exitCode === 0 : running,
      started: running,
      restartCount: this.restarts,
      image: this.spec.image,
      imageID: this.containerId === undefined ? '' : `local://${this.spec.image}`,
      ...(this.containerId !== undefined && { containerID: this.containerId }),
    }
  }
}
