import { inspect } from 'node:util'
import { BrokenPromise } from './broken-promise.ts'
import { DOCUMENTED } from './documented-codes.ts'
import { outputs } from './outputs.ts'
import { secretIn } from './secrets.ts'
import { snapshot } from './snapshot.ts'

export interface CallOptions {
  /** The longest time that the call may take, milliseconds. Default: 20000. */
  readonly withinMs?: number
  /** Whether the cause is a value of the app, which may say anything. Default: false. */
  readonly ownCause?: boolean
}

/** How calls ended, by name and end. */
export const tally: Map<string, number> = new Map()

/** Counts a call and its end. */
export function count(name: string, end: string): void {
  const key = `${name} ${end}`
  tally.set(key, (tally.get(key) ?? 0) + 1)
}

/**
 * Makes one public call and holds it to the promises of every call: it ends in time, as a result or with a documented code, has
 * no secret in any output, and leaves the caller's objects as they are.
 */
export async function call(
  name: string,
  args: readonly unknown[],
  run: (...args: never[]) => unknown,
  { withinMs = 20_000, ownCause = false }: CallOptions = {},
): Promise<unknown> {
  const before = snapshot(args)
  const end = await ended(name, args, run, withinMs)
  const code = 'error' in end ? checkError(name, end.error, ownCause) : 'result'
  count(name, code)
  if (snapshot(args) !== before) throw new BrokenPromise(`${name} changed the objects of its caller`)
  outputs.check(name)
  return 'error' in end ? undefined : end.result
}

type End = { readonly result: unknown } | { readonly error: unknown }

async function ended(
  name: string,
  args: readonly unknown[],
  run: (...args: never[]) => unknown,
  withinMs: number,
): Promise<End> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BrokenPromise(`${name} has not ended after ${withinMs} ms`)), withinMs)
  })
  const running = (async (): Promise<End> => {
    try {
      const result = run(...(args as never[]))
      return { result: isPromise(result) ? await result : result }
    } catch (error) {
      return { error }
    }
  })()
  try {
    return await Promise.race([running, late])
  } finally {
    clearTimeout(timer)
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise
}

function checkError(name: string, error: unknown, ownCause: boolean): string {
  const shown = (): string => inspect(error, { depth: 4 }).slice(0, 2_000)
  if (
    !(error instanceof Error) ||
    !('code' in error) ||
    typeof error.code !== 'string' ||
    !DOCUMENTED.has(error.code) ||
    // This one says that it is a bug.
    error.code === 'INTERNAL_ERROR'
  ) {
    throw new BrokenPromise(`${name} ended without a documented code: ${shown()}`)
  }
  const { message, hint, details } = error as Error & { hint?: unknown; details?: unknown }
  if (message.trim() === '' || typeof hint !== 'string' || typeof details !== 'object') {
    throw new BrokenPromise(`${name} ended with an error without words, hint or details: ${shown()}`)
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
  if (/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/.test(`${message}${hint}`)) {
    throw new BrokenPromise(`${name} shows control characters: ${shown()}`)
  }
  const texts = [message, hint, String(error.stack), inspect(details, { depth: 8 })]
  if (!ownCause) texts.push(inspect(error.cause, { depth: 8 }))
  const secret = secretIn(texts.join('\n'))
  if (secret !== undefined) throw new BrokenPromise(`${name} shows a secret: ${secret}`)
  return error.code
}
