/** One line that a pod printed. */
export interface PodLogLine {
  /** The pod's name. */
  readonly pod: string
  /** Which of the completions, when the Job is Indexed. */
  readonly index?: number
  /** 0 for the container's first start; more only with restartPolicy OnFailure. */
  readonly attempt: number
  /** The line itself. Passwords in addresses are replaced. */
  readonly line: string
}

const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d) ?(.*)$/s

/**
 * How far back the server is asked for lines again. The node stamps standard output and standard error apart and then writes
 * them into one file, so a line may come after one with a later stamp.
 */
const OVERLAP_MS = 1000

/**
 * How far a log was read, so that reading on after a lost connection gives each line once. The server takes a time to read
 * on from in whole seconds only, so it sends some lines again. A line is known by its stamp of nanoseconds, wherever it stands
 * in the stream: a line that is new is never dropped for being older than the one above it.
 */
export class LogPosition {
  /** The lines from {@link sinceTime} on that were read: how many of each stamp. */
  readonly #read = new Map<string, number>()
  #sinceMs = Number.NEGATIVE_INFINITY
  #again = new Map<string, number>()

  /** The time from which the server is asked for lines; undefined at the beginning. */
  get sinceTime(): string | undefined {
    return this.#read.size === 0 ? undefined : `${new Date(this.#sinceMs).toISOString().slice(0, 19)}Z`
  }

  /** To be called before reading on. */
  resume(): void {
    this.#again = new Map(this.#read)
  }

  /** A line's text without its time stamp; undefined for a line that was read before. */
  take(stampedLine: string): string | undefined {
    const match = STAMPED.exec(stampedLine)
    if (match === null) return stampedLine
    const [, seconds = '', fraction = '', zone = '', text = ''] = match
    const stamp = `${seconds}${fraction}${zone}`
    const left = this.#again.get(stamp) ?? 0
    if (left > 0) {
      this.#again.set(stamp, left - 1)
      return undefined
    }
    this.#read.set(stamp, (this.#read.get(stamp) ?? 0) + 1)
    const sinceMs = Date.parse(`${seconds}${zone}`) - OVERLAP_MS
    if (sinceMs > this.#sinceMs) this.#forgetBefore(sinceMs)
    return text
  }

  #forgetBefore(sinceMs: number): void {
    this.#sinceMs = sinceMs
    for (const stamp of this.#read.keys()) if (Date.parse(stamp) < sinceMs) this.#read.delete(stamp)
  }
}
