import type { EventRecorder } from '../events/event-recorder.ts'
import type { Store } from '../store/store.ts'
import type { Supervisor } from '../supervisor/supervisor-client.ts'
import type { Images } from './image.ts'

/** The parts of the cluster that every pod shares. */
export interface PodSurroundings {
  readonly store: Store
  readonly events: EventRecorder
  readonly supervisor: Supervisor
  readonly images: Images
  readonly strictImages: boolean
  readonly backoffScale: number
  /** Working directory of containers that name none. */
  readonly cwd: string
  /** The cluster's own folder. */
  readonly folder: string
  /** The variables of the cluster's own environment that each container sees. */
  readonly inherited: Readonly<Record<string, string>>
}
