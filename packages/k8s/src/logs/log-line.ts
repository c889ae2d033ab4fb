/** One line that a pod printed. */
export interface PodLogLine {
  /** The pod's name. */
  readonly pod: string
  /** Which of the completions, when the Job is Indexed. */
  readonly index?: number
  /** 0 for the container's first start; more only with restartPolicy OnFailure. */
  readonly attempt: number
  /** What it printed. Passwords in addresses are replaced. */
  readonly line: string
}

const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d) ?(.*)$/s

/**
 * How far a log was read, so that reading on after a lost connection gives each line once. The server takes a time to read
 * on from in whole seconds only, so it sends some lines again: they are known by their time stamps of nanoseconds.
 */
export class LogPosition {
  #stamp = ''
  #sinceTime: string | undefined
  #atStamp = 0
  #again = 0

  /** What to ask the server for; undefined at the beginning. */
  get sinceTime(): string | undefined {
    return this.#sinceTime
  }

  /** To be called before reading on. */
  resume(): void {
    this.#again = this.#atStamp
  }

  /** A line's text without its time stamp; undefined for a line that was read before. */
  take(stampedLine: string): string | undefined {
    const match = STAMPED.exec(stampedLine)
    if (match === null) return stampedLine
    const [, seconds = '', fraction = '', zone = '', text = ''] = match
    const stamp = `${seconds}${(fraction || '.').padEnd(10, '0')}`
    if (stamp < this.#stamp) return undefined
    if (stamp === this.#stamp) {
      if (this.#again > 0) {
        this.#again--
        return undefined
      }
      this.#atStamp++
    } else {
      this.#stamp = stamp
      this.#sinceTime = `${seconds}${zone}`
      this.#atStamp = 1
      this.#again = 0
    }
    return text
  }
}
