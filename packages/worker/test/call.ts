import { brokerUrl } from '@internal/testing/broker-url'
import { expect } from 'vitest'
import { type ConsumeOneOptions, type Item, WorkerError } from '../src/index.ts'

/** The options that all tests share: a short patience, since their queues are small. */
export const options = (queue: string, url: string = brokerUrl()): ConsumeOneOptions => ({
  queue,
  url,
  emptyCheckDelayMs: 200,
})

interface Gate {
  readonly entered: Promise<void>
  readonly aborted: Promise<unknown>
  readonly handler: (item: Item, context: { signal: AbortSignal }) => Promise<string>
  open(result: string): void
  fail(cause: unknown): void
}

/** A handler that stays until it is let go, or its signal aborts. */
export function gate(): Gate {
  const entered = Promise.withResolvers<void>()
  const leave = Promise.withResolvers<string>()
  leave.promise.catch(() => {})
  const aborted = Promise.withResolvers<unknown>()
  return {
    entered: entered.promise,
    open: leave.resolve,
    fail: leave.reject,
    aborted: aborted.promise,
    handler: async (_: Item, { signal }: { signal: AbortSignal }): Promise<string> => {
      signal.addEventListener('abort', () => aborted.resolve(signal.reason), { once: true })
      entered.resolve()
      return await Promise.race([leave.promise, aborted.promise.then((reason) => Promise.reject(reason))])
    },
  }
}

/** The error that a call ends with, which has to be one of ours. */
export async function failureOf(call: Promise<unknown>): Promise<WorkerError> {
  const error: unknown = await call.then(
    (value) => value,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(WorkerError)
  return error as WorkerError
}
