import { describeThrown, stackFrames } from './describe-thrown.ts'
import type { ShowOptions } from './show-text.ts'

/** How many causes of causes are kept. */
const DEPTH = 3

/**
 * A copy of others' error that is fit to be the `cause` of an error of ours: its name, code, words and stack as they may be
 * shown, and its own cause likewise. Nothing else of it, since any field may hold a secret, a body or a whole response.
 */
export function shownCause(thrown: unknown, options: ShowOptions = {}): Error {
  return copied(thrown, options, DEPTH)
}

function copied(thrown: unknown, options: ShowOptions, depth: number): Error {
  const inner = read(thrown, 'cause')
  const cause = inner === undefined || depth === 0 ? undefined : copied(inner, options, depth - 1)
  const copy = new Error(describeThrown(thrown, options), cause === undefined ? undefined : { cause })
  for (const field of ['name', 'code'] as const) {
    const value = read(thrown, field)
    if (typeof value === 'string' && /^\w{1,80}$/.test(value))
      Object.defineProperty(copy, field, { value, enumerable: field === 'code' })
  }
  Object.defineProperty(copy, 'stack', { value: `${copy.name}: ${copy.message}${stackFrames(thrown, options)}` })
  return copy
}

function read(value: unknown, name: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>>)[name]
  } catch {
    return undefined
  }
}
