import type { AnyProducerError } from '../errors.ts'
import type { ResolvedPublish } from './publish-options.ts'

/** The reason why a call ends before every item has its fate. */
export type Stop =
  | { readonly type: 'aborted' }
  | { readonly type: 'silent' }
  | { readonly type: 'blocked'; readonly reason: string }
  | { readonly type: 'lost'; readonly error: AnyProducerError }
  | { readonly type: 'journal-failed'; readonly cause: unknown }

/** The reason that is given for the items that a stop leaves without an answer. */
export function unsettledReason(stop: Stop, { confirmTimeoutMs, blockedTimeoutMs }: ResolvedPublish): string {
  switch (stop.type) {
    case 'silent':
      return `The broker confirmed nothing for ${confirmTimeoutMs} ms.`
    case 'blocked':
      return `The broker took no messages for ${blockedTimeoutMs} ms.`
    case 'lost':
      return stop.error.message
    case 'aborted':
    case 'journal-failed':
      return 'The call ended before the broker answered.'
  }
}
