import type { KubeObject } from '../objects.ts'

/** Parts that are remembered; the one that was met longest ago is forgotten first. */
const REMEMBERED = 1000
/** Longest text of a part that is looked for among them. */
const MAX_KEY = 2000

/**
 * Keeps one of equal parts: the pods of a Job have their spec in common, and those of the same second their conditions. What
 * is stored never changes in place, so nobody can tell.
 */
export class Sharing {
  /** By their fields, in which a number stands for each part of the part. */
  readonly #parts = new Map<string, object>()
  readonly #numbers = new WeakMap<object, number>()
  #last = 0

  /** An equal object with its parts shared, in no more room than it needs. */
  share<T extends KubeObject>(object: T): T {
    // An object and its metadata are equal to those of no other: only what is in them is looked for.
    return compact(
      mapped(object, (value, name) =>
        name === 'metadata' && isPart(value) ? compact(mapped(value, (inner) => this.#part(inner))) : this.#part(value),
      ),
    ) as T
  }

  #part(value: unknown): unknown {
    if (!isPart(value) || this.#numbers.has(value)) return value
    const inside = mapped(value, (inner) => this.#part(inner))
    const key = frameOf(inside, (inner) => this.#numberOf(inner))
    const kept = this.#parts.get(key) ?? filled(key, inside)
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

  /** Its own as long as it is remembered; a part that was forgotten gets another. */
  #numberOf(part: object): number {
    const known = this.#numbers.get(part)
    if (known !== undefined) return known
    this.#numbers.set(part, ++this.#last)
    return this.#last
  }
}

/** A text in one piece: V8 keeps one that was put together as its pieces, a UUID in 550 bytes instead of 110. */
export function inOnePiece(text: string): string {
  return JSON.parse(JSON.stringify(text))
}

function isPart(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function mapped(part: object, each: (value: unknown, name: string) => unknown): object {
  if (Array.isArray(part)) return part.map((value) => each(value, ''))
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, each(value, name)]))
}

/** The same fields in an object that takes no more room than they need: V8 gives one that grew field by field more. */
function compact(object: object): object {
  return filled(
    frameOf(object, () => 0),
    object,
  )
}

/** Its fields as JSON, in which a list of one number stands for each part. */
function frameOf(part: object, numberOf: (inner: object) => number): string {
  return JSON.stringify(mapped(part, (value) => (isPart(value) ? [numberOf(value)] : value)))
}

/** What a frame stands for, with the values of `part` in their places: its texts are in one piece now, and often shared too. */
function filled(frame: string, part: object): object {
  const fields = JSON.parse(frame)
  for (const [name, value] of Object.entries(part)) if (value !== undefined) fields[name] = value
  return fields
}
