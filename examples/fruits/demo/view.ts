import type { RunListeners } from '@podqueue/k8s'
import logUpdate from 'log-update'
import colors from 'picocolors'

/** What is printed while the Job runs: what each pod prints, and one line of state, kept at the bottom on a terminal. */
export class View {
  readonly #live = process.stdout.isTTY === true && process.env.CI === undefined
  #state = ''
  #shown = ''
  #left: number | undefined
  #counts: { active: number; succeeded: number; failed: number; completions: number } | undefined

  readonly listeners: RunListeners = {
    progress: (counts) => {
      this.#counts = counts
      this.#refresh()
    },
    podLog: ({ pod, line }) => this.line(`${colors.cyan(pod)}  ${line}`),
    podFailed: ({ name, reason = 'failed', message = '' }) =>
      this.line(`${colors.red(name)}  ${reason} ${message}`.trimEnd()),
  }

  /** Prints a line above the state. */
  line(text: string): void {
    if (this.#live) logUpdate.clear()
    process.stdout.write(`${text}\n`)
    if (this.#live && this.#state !== '') logUpdate(this.#state)
  }

  /** The number of items that wait in the queue. */
  itemsLeft(left: number): void {
    this.#left = left
    this.#refresh()
  }

  /** Takes the state away. */
  end(): void {
    this.#state = ''
    if (this.#live) logUpdate.clear()
  }

  #refresh(): void {
    if (this.#counts === undefined) return
    const { active, succeeded, failed, completions } = this.#counts
    const bar = '■'.repeat(succeeded) + '□'.repeat(Math.max(0, completions - succeeded))
    const left = this.#left === undefined ? '' : ` · ${this.#left} items left`
    const text = `pods: ${active} running, ${succeeded} of ${completions} done, ${failed} failed${left}`
    if (text === this.#shown) return
    this.#shown = text
    if (this.#live) {
      this.#state = `${colors.green(bar)}  ${text}`
      logUpdate(this.#state)
    } else {
      this.line(colors.dim(text))
    }
  }
}
