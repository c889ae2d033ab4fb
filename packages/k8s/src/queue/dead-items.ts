import { late, within } from '@internal/async'
import { describeThrown, showText } from '@internal/errors'
import type { DeadItem, LastFailure } from './dead-item.ts'
import type { RunQueue } from './queue-reading.ts'

/** The items that died in a run: the first of them, or why they cannot be read. */
export type NamedItems = { readonly items: readonly DeadItem[] } | { readonly unread: string }

/** The highest number of dead items that a result and an error name. */
export const MOST_NAMED = 20
const LIST_TIMEOUT_MS = 15_000
const LONGEST_ID = 255
const LONGEST_TEXT = 1_024

/**
 * The first dead items of a run, whose texts are fit to be shown. Dead letters come in order, so those of this run lie behind
 * `before`, the number at its start. Never fails: a list that cannot be read has a reason.
 *
 * @returns undefined when the app's queue lists none
 */
export async function nameDeadItems(
  queue: RunQueue,
  {
    before,
    count,
    signal,
  }: { readonly before: number; readonly count: number; readonly signal?: AbortSignal | undefined },
): Promise<NamedItems | undefined> {
  if (queue.listDeadLetters === undefined) return undefined
  try {
    const limit = Math.min(count, MOST_NAMED)
    const listing = (async (): Promise<unknown> => queue.listDeadLetters?.({ skip: before, limit, signal }))()
    const found = await within(listing, LIST_TIMEOUT_MS, signal)
    if (found === late) return { unread: `the list was not there after ${LIST_TIMEOUT_MS} ms.` }
    if (!Array.isArray(found)) return { unread: 'it is no array.' }
    return { items: found.slice(0, limit).map(shown) }
  } catch (error) {
    signal?.throwIfAborted()
    return { unread: describeThrown(error, { maxBytes: LONGEST_TEXT }) }
  }
}

/** An item of which each field is of its type, and each text safe and short. */
function shown(given: unknown): DeadItem {
  const { id, batch, index, reason, lastFailure } = fieldsOf(given)
  const { message, exitCode, standardError, attempts, pod } = fieldsOf(lastFailure)
  const failure = {
    ...text('message', message, LONGEST_TEXT),
    ...whole('exitCode', exitCode),
    ...text('standardError', standardError, LONGEST_TEXT, true),
    ...whole('attempts', attempts),
    ...text('pod', pod, LONGEST_ID),
  }
  return {
    ...text('id', id, LONGEST_ID),
    ...text('batch', batch, LONGEST_ID),
    ...whole('index', index),
    reason: text('reason', reason, LONGEST_TEXT).reason ?? 'No reason is known.',
    ...(failure.message === undefined ? {} : { lastFailure: { ...failure, message: failure.message } }),
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

function text<Name extends string>(
  name: Name,
  value: unknown,
  maxBytes: number,
  multiline = false,
): { readonly [Each in Name]?: string } {
  if (typeof value !== 'string' || value === '') return {}
  return { [name]: showText(value, { maxBytes, multiline }) } as { readonly [Each in Name]?: string }
}

function whole<Name extends string>(name: Name, value: unknown): { readonly [Each in Name]?: number } {
  return Number.isSafeInteger(value) ? ({ [name]: value } as { readonly [Each in Name]?: number }) : {}
}

/** The dead items of a run as the further lines of a message; each begins with a line break. */
export function describeDeadItems(named: NamedItems | undefined, count: number): string {
  if (named === undefined) return ''
  if ('unread' in named) return `\n  Which ones cannot be read: ${named.unread}`
  const { items } = named
  const more = items.length < count && items.length > 0 ? `\n  and ${count - items.length} more` : ''
  return `${items.map((item) => `\n  ${describeItem(item)}`).join('')}${more}`
}

function describeItem({ id, batch, index, reason, lastFailure }: DeadItem): string {
  const place = index === undefined ? '' : `, index ${index}${batch === undefined ? '' : ` of batch ${batch}`}`
  return showText(`item ${id ?? 'without an id'}${place}: ${reason}${describeFailure(reason, lastFailure)}`, {
    maxBytes: LONGEST_TEXT,
  })
}

function describeFailure(reason: string, failure: LastFailure | undefined): string {
  if (failure === undefined) return ''
  const { message, exitCode, attempts, pod } = failure
  const facts = [
    ...(exitCode === undefined ? [] : [`exit ${exitCode}`]),
    ...(attempts === undefined ? [] : [`${attempts === 1 ? '1 attempt' : `${attempts} attempts`}`]),
    ...(pod === undefined ? [] : [`pod ${pod}`]),
  ]
  const words = reason.includes(message) ? '' : ` Last failure: ${message}`
  return `${words}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`
}
