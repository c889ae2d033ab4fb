import type { JobResult } from '../job/job-result.ts'
import { type Counted, describeUnknown, isLasting } from '../queue/count-queue.ts'
import { describeDeadItems, type NamedItems } from '../queue/dead-items.ts'
import { RunIncompleteError } from './run-incomplete-error.ts'

/** The meaning of items that are left, and of dead letters that came in. */
export interface Judgement {
  readonly leftover?: 'fail' | 'sweep' | 'ignore' | undefined
  readonly deadLettered?: 'fail' | 'report' | undefined
  /** The queue's name, for the words of an error. */
  readonly queue: string
  /** Dead letters at the start; undefined when that is not known. */
  readonly deadBefore: number | undefined
  /** The items that died; undefined when none did. */
  readonly named?: NamedItems | undefined
}

/** The number of dead letters that came in; undefined when that is not known. */
export function deadIn({ reading }: Counted, deadBefore: number | undefined): number | undefined {
  if (reading?.deadLetters === undefined || deadBefore === undefined) return undefined
  return Math.max(0, reading.deadLetters - deadBefore)
}

/** Judges a run whose Jobs are complete by the last count of its queue. */
export function judge(
  job: JobResult,
  counted: Counted,
  { leftover = 'fail', deadLettered = 'fail', queue, deadBefore, named }: Judgement,
): JobResult {
  const { verdict, reading, cause } = counted
  const dead = deadIn(counted, deadBefore)
  const result = {
    ...job,
    ...(reading?.verified === true ? { leftover: reading.ready } : {}),
    ...(dead === undefined ? {} : { deadLettered: dead }),
    ...(named !== undefined && 'items' in named ? { deadItems: named.items } : {}),
  }
  const { namespace, name, sweeps = [] } = job
  const alsoDead = dead === undefined || dead === 0 ? '' : `\n${wentToDead(dead, named)}`
  const done = `Job ${namespace}/${name} is complete`
  if (verdict === 'unknown' && leftover !== 'ignore') {
    throw new RunIncompleteError({
      code: 'QUEUE_UNVERIFIED',
      message: `${done}, but whether its queue ${queue} is empty is not known: ${describeUnknown({ reading, cause })}${alsoDead}`,
      hint: 'Call again with the same runId once its broker is well: the queue is counted again. A run over what is left does no harm.',
      retryable: !isLasting(cause),
      result,
      cause,
    })
  }
  if (verdict === 'left' && leftover !== 'ignore') {
    const swept = sweeps.length === 0 ? '' : ` after ${sweeps.length} sweeps`
    throw new RunIncompleteError({
      code: 'ITEMS_LEFT',
      message: `${done}, but ${items(result.leftover)} left in its queue ${queue}${swept}.${alsoDead}`,
      hint: "There were more items than `items` said, or pods gave items back. Run again, without `items`, for the rest; leftover: 'sweep' does that by itself.",
      result,
    })
  }
  if (dead !== undefined && dead > 0 && deadLettered !== 'report') {
    throw new RunIncompleteError({
      code: 'DEAD_LETTERED',
      message: `${done}, but ${wentToDead(dead, named, ` of its queue ${queue}`)}`,
      hint: "Mend the cause and put them back with requeueDeadLetters; deadLettered: 'report' makes this a number in the result.",
      result,
    })
  }
  return result
}

function items(count = 0): string {
  return count === 1 ? '1 item is' : `${count} items are`
}

function wentToDead(count: number, named: NamedItems | undefined, of = ''): string {
  const names = describeDeadItems(named, count)
  return `${count === 1 ? '1 item' : `${count} items`}${of} went to the dead letters${names === '' ? '.' : `:${names}`}`
}
