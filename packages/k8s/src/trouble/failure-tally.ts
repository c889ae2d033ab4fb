import type { FailedAttempt } from '../pods/failed-attempt.ts'

/** Attempts that failed alike: by the same container, exit code and reason, and in the same circumstances. */
export interface FailureKind {
  /** How many there were. */
  readonly count: number
  /** The newest of them, the newest first. */
  readonly newest: readonly FailedAttempt[]
}

const NEWEST = 20

/** Counts failed attempts by their kind. It holds a few attempts of each kind, however many there are. */
export class FailureTally {
  readonly #kinds = new Map<string, { count: number; newest: FailedAttempt[] }>()
  #total = 0

  /** How many attempts were counted. */
  get total(): number {
    return this.#total
  }

  add(attempt: FailedAttempt): void {
    const { failure, disrupted, runsAgain } = attempt
    const key = [failure.container, failure.exitCode, failure.reason, disrupted, runsAgain].join()
    const kind = this.#kinds.get(key) ?? { count: 0, newest: [] }
    this.#kinds.set(key, kind)
    kind.count += attempt.count
    this.#total += attempt.count
    kind.newest.push(attempt)
    if (kind.newest.length > 2 * NEWEST) kind.newest = newestOf(kind.newest)
  }

  /** Adds what another tally has counted. */
  merge(other: FailureTally): void {
    for (const [key, { count, newest }] of other.#kinds) {
      const kind = this.#kinds.get(key) ?? { count: 0, newest: [] }
      this.#kinds.set(key, { count: kind.count + count, newest: newestOf([...kind.newest, ...newest]) })
      this.#total += count
    }
  }

  /** The kinds, the most frequent first. */
  kinds(): FailureKind[] {
    return [...this.#kinds.values()]
      .map(({ count, newest }) => ({ count, newest: newestOf(newest) }))
      .sort((one, other) => other.count - one.count)
  }

  /** The newest attempts of all kinds, the newest first. */
  newest(): FailedAttempt[] {
    return newestOf([...this.#kinds.values()].flatMap(({ newest }) => newest))
  }
}

function newestOf(attempts: readonly FailedAttempt[]): FailedAttempt[] {
  return attempts.toSorted((one, other) => other.version - one.version).slice(0, NEWEST)
}
