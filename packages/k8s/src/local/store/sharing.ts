import type { KubeObject } from '../objects.ts'

/** Parts that are remembered; the one that was met longest ago is forgotten first. */
const REMEMBERED = 1000
/** Longest text of a part that is looked for among them. */
const MAX_KEY = 2000

type Fields = Readonly<Record<string, unknown>>
type Each = (value: unknown, before: unknown, name: string) => unknown

/**
 * Keeps one of equal parts: the pods of a Job have their spec in common, the versions of an object what did not change, and
 * pods of the same second their conditions. What is stored never changes in place, so nobody can tell.
 */
export class Sharing {
  /** By their fields, in which a number stands for each part of the part. */
  readonly #parts = new Map<string, object>()
  readonly #numbers = new WeakMap<object, number>()
  #last = 0

  /** An object with its parts shared; `before` itself when it is equal to that. */
  share<T extends KubeObject>(object: T, before?: T): T {
    // An object and its metadata are equal to those of no other: only what is in them is looked for.
    const part: Each = (value, old) => this.#part(value, old)
    const merged = merge(object, before, (value, old, name) =>
      name === 'metadata' ? merge(value as object, old as object | undefined, part) : part(value, old, name),
    )
    return merged as T
  }

  #part(value: unknown, before: unknown): unknown {
    if (!isPart(value) || value === before || this.#numbers.has(value)) return value
    const old = isPart(before) ? before : undefined
    const merged = merge(value, old, (inner, innerOld) => this.#part(inner, innerOld))
    if (merged === old) return old
    const key = frameOf(merged, (inner) => this.#numberOf(inner))
    const found = this.#parts.get(key)
    const kept = found ?? filled(key, merged)
    this.#numberOf(kept)
    if (key.length > MAX_KEY) return kept
    this.#parts.delete(key)
    this.#parts.set(key, kept)
    const [oldest] = this.#parts
    if (this.#parts.size > REMEMBERED && oldest !== undefined) {
      this.#parts.delete(oldest[0])
      this.#numbers.delete(oldest[1])
    }
    return kept
  }

  /** Its own as long as it is remembered; a part that stayed as it was may have been forgotten, and gets another. */
  #numberOf(part: object): number {
    const known = this.#numbers.get(part)
    if (known !== undefined) return known
    this.#numbers.set(part, ++this.#last)
    return this.#last
  }
}

/**
 * The same fields in an object that takes no more room than they need. V8 gives one that was put together by `...` room for
 * more, and keeps texts that were put together as their pieces: a UUID takes 550 bytes so, and 110 in one piece.
 */
export function compact<T extends object>(object: T): T {
  return filled(
    frameOf(object, () => 0),
    object,
  ) as T
}

/** A text in one piece. */
export function inOnePiece(text: string): string {
  return JSON.parse(JSON.stringify(text))
}

function isPart(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** `value` with what `each` makes of its fields; `before` itself when that has the same. */
function merge(value: object, before: object | undefined, each: Each): object {
  const old = before as Fields | undefined
  let copy: Record<string, unknown> | undefined
  let same = old !== undefined && Array.isArray(old) === Array.isArray(value)
  let count = 0
  for (const name of Object.keys(value)) {
    const field = (value as Fields)[name]
    // To JSON it is not there.
    if (field === undefined) continue
    count++
    const merged = each(field, old?.[name], name)
    if (merged !== old?.[name]) same = false
    if (merged === field) continue
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>
    copy[name] = merged
  }
  if (same && before !== undefined && Object.keys(before).length === count) return before
  return copy ?? value
}

/** Its fields as JSON, in which a list of one number stands for each part. */
function frameOf(part: object, numberOf: (inner: object) => number): string {
  const mark = (value: unknown) => (isPart(value) ? [numberOf(value)] : value)
  if (Array.isArray(part)) return JSON.stringify(part.map(mark))
  return JSON.stringify(Object.fromEntries(Object.entries(part).map(([name, value]) => [name, mark(value)])))
}

/** What a frame stands for, with the values of `part` in their places: its texts are in one piece now, and often shared too. */
function filled(frame: string, part: object): object {
  const fields = JSON.parse(frame)
  for (const [name, value] of Object.entries(part)) if (value !== undefined) fields[name] = value
  return fields
}
