import type { WriteStream } from 'node:tty'
import { type Names, Problems } from '@internal/options'
import { createLogUpdate } from 'log-update'
import colors from 'picocolors'
import { K8sError } from '../errors.ts'
import type { JobCounts } from '../job/job-state.ts'
import type { RunListeners } from '../wait/run-events.ts'
import { bar, failureLine, stateLine } from './state-line.ts'

/** Leaves room for the words beside it on a terminal of 80 columns. */
const WIDEST_BAR = 24

/** Options of {@link showProgress}. */
export interface ProgressOptions {
  /** The stream to write to. Default: `process.stdout`. */
  readonly stream?: NodeJS.WritableStream | undefined
  /** Whether to keep one state at the bottom instead of a line for each change. Default: true on a terminal, unless `CI` is set. */
  readonly live?: boolean | undefined
  /** Whether to use colours. Default: true on a terminal that has them, unless `NO_COLOR` is set; true with `FORCE_COLOR`. */
  readonly color?: boolean | undefined
  /** Whether to print the pods' log lines. Needs the right to get pods/log. Default: true. */
  readonly logs?: boolean | undefined
}

/** A view of a running Job: its progress, and the log lines of its pods. */
export interface ProgressView extends Disposable {
  /** For `on` of `runJob` and `waitForJob`. */
  readonly listeners: RunListeners
  /** Prints a line of your own above the state. */
  line(text: string): void
  /** Adds to the state how many items wait in the queue. */
  itemsLeft(left: number): void
  /** Leaves the state where it is: later output comes below it. */
  end(): void
}

const PROGRESS_OPTIONS: Names<ProgressOptions> = { stream: true, live: true, color: true, logs: true }

/**
 * Makes a view of one run. It reads `CI`, `NO_COLOR` and `FORCE_COLOR`, and nothing else of the environment.
 *
 * @throws {K8sError} `INVALID_OPTIONS`
 */
export function showProgress(options: ProgressOptions = {}): ProgressView {
  const problems = new Problems()
  const given = problems.options('options', options, PROGRESS_OPTIONS)
  problems.methods('stream', given.stream, ['write'])
  for (const flag of ['live', 'color', 'logs'] as const) problems.flag(flag, given[flag])
  problems.throwAs('showProgress', (fields) => new K8sError(fields))
  const { stream = process.stdout, logs = true } = options
  const isTerminal = (stream as Partial<WriteStream>).isTTY === true
  const live = options.live ?? (isTerminal && !process.env.CI)
  // picocolors decides for the process as a whole; a stream that is no terminal gets no colours unless they are forced.
  const color = options.color ?? ((isTerminal || Boolean(process.env.FORCE_COLOR)) && colors.isColorSupported)
  return new View({ stream, live, color, logs })
}

interface ViewSettings {
  readonly stream: NodeJS.WritableStream
  readonly live: boolean
  readonly color: boolean
  readonly logs: boolean
}

class View implements ProgressView {
  readonly listeners: RunListeners
  readonly #stream: NodeJS.WritableStream
  readonly #update: ReturnType<typeof createLogUpdate> | undefined
  readonly #colors: ReturnType<typeof colors.createColors>
  #state = ''
  #shown = ''
  #left: number | undefined
  #counts: JobCounts | undefined

  constructor({ stream, live, color, logs }: ViewSettings) {
    this.#stream = stream
    this.#update = live ? createLogUpdate(stream, { showCursor: true }) : undefined
    this.#colors = colors.createColors(color)
    const { cyan, red, yellow } = this.#colors
    this.listeners = {
      progress: (counts) => {
        this.#counts = counts
        this.#refresh()
      },
      podFailed: ({ name, ...how }) => this.line(`${red(name)}  ${failureLine(how)}`),
      stuck: ({ reason, message }) => this.line(`${yellow(reason)}  ${message}`),
      reconnected: ({ reason }) => this.line(`${yellow('reconnected')}  ${reason}`),
      ...(logs ? { podLog: ({ pod, line }) => this.line(`${cyan(pod)}  ${line}`) } : {}),
    }
  }

  line(text: string): void {
    this.#update?.clear()
    this.#stream.write(`${text}\n`)
    if (this.#state !== '') this.#update?.(this.#state)
  }

  itemsLeft(left: number): void {
    this.#left = left
    this.#refresh()
  }

  end(): void {
    this.#state = ''
    // Not cleared: the app may have printed something since, which would be taken away instead.
    this.#update?.done()
  }

  [Symbol.dispose](): void {
    this.end()
  }

  #refresh(): void {
    if (this.#counts === undefined) return
    const { dim, green } = this.#colors
    const text = stateLine(this.#counts, this.#left)
    if (text === this.#shown) return
    this.#shown = text
    if (this.#update === undefined) {
      this.line(dim(text))
      return
    }
    this.#state = `${green(bar(this.#counts, WIDEST_BAR))}  ${text}`
    this.#update(this.#state)
  }
}
