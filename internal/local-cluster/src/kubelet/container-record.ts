import type { Container, ContainerState, ContainerStatus } from '../objects/objects.ts'

/** An init container runs to its end before the next one. A sidecar is an init container that runs on beside the others. */
export type ContainerRole = 'init' | 'sidecar' | 'main'

/** The role of an init container: with `restartPolicy: Always` it is a sidecar. */
export function initRole({ restartPolicy }: Container): ContainerRole {
  return restartPolicy === 'Always' ? 'sidecar' : 'init'
}

/** The history of one container of a pod, from waiting to its last exit. */
export class ContainerRecord {
  readonly spec: Container
  readonly role: ContainerRole
  state: ContainerState
  lastState: ContainerState = {}
  restarts = 0
  containerId: string | undefined

  /** @param initializing whether init containers come before it */
  constructor(spec: Container, role: ContainerRole, initializing: boolean) {
    this.spec = spec
    this.role = role
    this.state = { waiting: { reason: initializing ? 'PodInitializing' : 'ContainerCreating' } }
  }

  get status(): ContainerStatus {
    const running = this.state.running !== undefined
    return {
      name: this.spec.name,
      state: this.state,
      lastState: this.lastState,
      ready: this.role === 'init' ? this.state.terminated?.exitCode === 0 : running,
      started: running,
      restartCount: this.restarts,
      image: this.spec.image,
      imageID: this.containerId === undefined ? '' : `local://${this.spec.image}`,
      ...(this.containerId !== undefined && { containerID: this.containerId }),
    }
  }
}
