import type { Writable } from 'node:stream'
import type { WriteStream } from 'node:tty'
import { type Names, Problems } from '@internal/options'
import { createLogUpdate } from 'log-update'
import colors from 'picocolors'
import { K8sError } from '../errors.ts'
import type { RunListeners, RunProgress } from '../wait/run-events.ts'
import { type BlockState, block } from './block.ts'
import { failureLine } from './failure-line.ts'
import { isDue, stateLine } from './plain-state.ts'
import { Rate } from './rate.ts'
import { extent } from './words.ts'

/** Of a terminal that does not say. */
const DEFAULT_COLUMNS = 80
/** The block is small, so that log lines have their place. */
const MOST_FAILURES = 3

/** Options of {@link showProgress}. */
export interface ProgressOptions {
  /** The stream to write to. Default: `process.stdout`. */
  readonly stream?: NodeJS.WritableStream | undefined
  /**
   * Whether to keep one block at the bottom, with a bar, the speed, the time left and the last failures, instead of a line now and
   * then. Default: true on a terminal, unless `CI` is set.
   */
  readonly live?: boolean | undefined
  /** Whether to use colours. Default: true on a terminal that has them, unless `NO_COLOR` is set; true with `FORCE_COLOR`. */
  readonly color?: boolean | undefined
  /** Whether to print the pods' log lines. Needs the right to get pods/log. Default: true. */
  readonly logs?: boolean | undefined
}

/** A view of a running Job: how far its items are, its last failures, and the log lines of its pods. */
export interface ProgressView extends Disposable {
  /** For `on` of `runJob` and `waitForJob`. */
  readonly listeners: RunListeners
  /** Prints a line of your own above the state. */
  line(text: string): void
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
  readonly #color: boolean
  readonly #colors: ReturnType<typeof colors.createColors>
  readonly #startedAt = performance.now()
  readonly #rate = new Rate()
  #failures: BlockState['failures'] = []
  #progress: RunProgress | undefined
  #printedAt: number | undefined
  #printed = ''

  constructor({ stream, live, color, logs }: ViewSettings) {
    this.#stream = stream
    this.#update = live ? createLogUpdate(stream, { showCursor: true }) : undefined
    this.#color = color
    this.#colors = colors.createColors(color)
    const { cyan, yellow } = this.#colors
    this.listeners = {
      progress: (progress) => {
        this.#progress = progress
        this.#rate.add(extent(progress).ended, performance.now(), progress.items === undefined ? 'pods' : 'items')
        this.#refresh()
      },
      podFailed: ({ name, ...how }) => this.#failed({ pod: name, how: failureLine(how) }),
      stuck: ({ reason, message }) => this.line(`${yellow(reason)}  ${message}`),
      reconnected: ({ reason }) => this.line(`${yellow('reconnected')}  ${reason}`),
      ...(logs ? { podLog: ({ pod, line }) => this.line(`${cyan(pod)}  ${line}`) } : {}),
    }
  }

  line(text: string): void {
    // In one write, so that the block below it does not flicker.
    const { cork, uncork } = this.#stream as Partial<Writable>
    cork?.call(this.#stream)
    this.#update?.clear()
    this.#stream.write(`${text}\n`)
    this.#draw()
    uncork?.call(this.#stream)
  }

  end(): void {
    const progress = this.#progress
    if (this.#update === undefined && progress !== undefined) this.#print(progress)
    this.#progress = undefined
    this.#failures = []
    // Not cleared: the app may have printed something since, which would be taken away instead.
    this.#update?.done()
  }

  [Symbol.dispose](): void {
    this.end()
  }

  /** On a terminal the last failures stay in the block; one that makes room for a newer one stays above it. */
  #failed(failure: BlockState['failures'][number]): void {
    const { red } = this.#colors
    const shown = (one: BlockState['failures'][number]): string => `${red(one.pod)}  ${one.how}`
    if (this.#update === undefined) {
      this.line(shown(failure))
      return
    }
    const [oldest] = this.#failures
    this.#failures = [...this.#failures, failure].slice(-MOST_FAILURES)
    if (oldest !== undefined && !this.#failures.includes(oldest)) this.line(shown(oldest))
    else this.#refresh()
  }

  #refresh(): void {
    if (this.#update !== undefined) {
      this.#draw()
      return
    }
    const progress = this.#progress
    if (progress === undefined) return
    const now = performance.now()
    if (isDue(progress, { now, startedAt: this.#startedAt, printedAt: this.#printedAt })) this.#print(progress)
  }

  #draw(): void {
    const progress = this.#progress
    if (progress === undefined) return
    const { columns = DEFAULT_COLUMNS } = this.#stream as Partial<WriteStream>
    const state = { progress, perSecond: this.#rate.perSecond(), failures: this.#failures }
    this.#update?.(block(state, columns, this.#color).join('\n'))
  }

  #print(progress: RunProgress): void {
    const text = stateLine(progress, this.#rate.perSecond())
    if (text === this.#printed) return
    this.#printed = text
    this.#printedAt = performance.now()
    this.#stream.write(`${this.#colors.dim(text)}\n`)
  }
}
