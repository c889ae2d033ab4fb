import type { Problems } from '@internal/options'
import type { RunQueue } from '../queue/queue-reading.ts'
import { isObject } from '../spec/check-shape.ts'
import { checkSpec } from '../spec/check-spec.ts'
import type { JobSpec, QueueBySecret, QueueByUrl } from '../spec/job-spec.ts'

/**
 * A {@link JobSpec} from which the option `queue` takes over what it knows: `items` may be left out, which is then what is ready in
 * the queue, and the queue's name.
 */
export type RunSpec = Omit<JobSpec, 'items' | 'queue'> & {
  /** How many items are in the queue. 0 makes no Job. Default: the number that the option `queue` reads. */
  readonly items?: number | undefined
  /** The broker's address as the pods reach it. `name` may be left out when the option `queue` has it. */
  readonly queue: Unnamed<QueueByUrl> | Unnamed<QueueBySecret>
}

type Unnamed<Queue extends { readonly name: string }> = Omit<Queue, 'name'> & { readonly name?: string | undefined }

/** A {@link RunSpec} that has the queue's name. */
export type NamedSpec = Omit<JobSpec, 'items'> & { readonly items?: number | undefined }

/** The spec with the queue's name, which it may have from the option `queue`. */
export function namedSpec(spec: RunSpec, queue: RunQueue | undefined): NamedSpec {
  return { ...spec, queue: { ...spec.queue, name: spec.queue.name ?? queue?.name } } as NamedSpec
}

/** Adds what is wrong with the spec of a run and with the queue that it is read by. */
export function checkRunSpec(problems: Problems, spec: RunSpec, queue: RunQueue | undefined): void {
  problems.methods('options.queue', queue, ['inspect'])
  const named = problems.guard('options.queue', () => queue?.name)
  problems.guard('spec', () => {
    if (!isObject(spec) || !isObject(spec.queue)) return checkSpec(problems, spec as JobSpec)
    const { name = named } = spec.queue
    if (named !== undefined && name !== named)
      problems.add('queue.name', 'must be the name that the option queue has, or left out')
    // No items, or none said, is right here; the rest of the spec is checked as if there were one.
    const items = spec.items === 0 || (spec.items === undefined && queue !== undefined) ? 1 : spec.items
    checkSpec(problems, { ...spec, items, queue: { ...spec.queue, name } } as JobSpec)
  })
}
