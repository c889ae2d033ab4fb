import { shownBroker } from '../broker/broker.ts'
import { ANSWER, type AnswerTrace, HANDLE, type HandleTrace } from '../diagnostics.ts'
import { WorkerError } from '../errors.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import type { Handler } from './handler.ts'
import type { Held } from './held.ts'
import type { Lease } from './lease.ts'
import { runHandler, type Work } from './run-handler.ts'

/** The part that all messages about one delivery have in common. */
export function deliveredOf(
  { message, item }: Held,
  { queue, broker }: Pick<ResolvedOptions, 'queue' | 'broker'>,
): Pick<HandleTrace, 'queue' | 'address' | 'messageId' | 'delivery'> {
  return { queue, address: shownBroker(broker), messageId: item.id, delivery: message.fields }
}

/** Runs the handler within a trace of `podqueue:handle`. It sees the headers that a subscriber has set. */
export async function tracedHandler<R>(
  handler: Handler<R>,
  held: Held,
  lease: Lease,
  options: ResolvedOptions,
): Promise<Work<R>> {
  const headers = { ...held.item.headers }
  const run = (): Promise<Work<R>> => runHandler(handler, { ...held.item, headers }, lease, options)
  return await HANDLE.run({ ...deliveredOf(held, options), headers }, run, outcomeOf)
}

function outcomeOf(work: Work<unknown>): Partial<HandleTrace> {
  const cause = 'cause' in work ? { cause: work.cause } : {}
  switch (work.type) {
    case 'done':
      return { outcome: 'done' }
    case 'failed':
      // The errors of this package say more than that it failed: ITEM_NOT_JSON.
      return {
        outcome: 'failed',
        code: work.cause instanceof WorkerError ? work.cause.code : 'HANDLER_FAILED',
        ...cause,
      }
    case 'dead-letter':
      return { outcome: 'dead-letter', code: 'DEAD_LETTERED', ...cause }
    case 'released':
      return { outcome: 'released', code: 'RELEASED', ...cause }
    case 'lost':
      return { outcome: 'lost', code: 'LEASE_LOST' }
  }
}

/** Publishes a message about an item within a trace of `podqueue:answer`. `publish` gets the headers that a subscriber has set. */
export async function tracedAnswer<End>(
  held: Held,
  about: Pick<AnswerTrace, 'what' | 'to'>,
  options: Pick<ResolvedOptions, 'queue' | 'broker'>,
  publish: (headers: Readonly<Record<string, unknown>>) => Promise<End>,
  outcome: (end: End) => NonNullable<AnswerTrace['outcome']>,
): Promise<End> {
  const headers = {}
  if (!ANSWER.hasSubscribers) return await publish(headers)
  return await ANSWER.run(
    { ...deliveredOf(held, options), ...about, headers },
    () => publish(headers),
    (end) => ({ outcome: outcome(end) }),
  )
}
