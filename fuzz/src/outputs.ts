import { inspect } from 'node:util'
import { BrokenPromise } from './broken-promise.ts'
import { secretIn } from './secrets.ts'

/** Everything that the process says beside the results of calls: its streams, its warnings, and failures that nobody handles. */
class Outputs {
  readonly #texts: string[] = []
  readonly #unhandled: unknown[] = []
  readonly #writes = { stdout: process.stdout.write, stderr: process.stderr.write }

  /** Begins to listen. Output is kept, not shown. */
  watch(): void {
    for (const name of ['stdout', 'stderr'] as const) {
      process[name].write = ((text: unknown, ...rest: unknown[]) => {
        this.#texts.push(String(text))
        for (const callback of rest) if (typeof callback === 'function') callback()
        return true
      }) as never
    }
    process.removeAllListeners('warning')
    process.on('warning', (warning) => this.#texts.push(inspect(warning)))
    process.on('unhandledRejection', (reason) => this.#unhandled.push(reason))
    process.on('uncaughtException', (error) => this.#unhandled.push(error))
  }

  /** Writes for the person who runs this. */
  say(line: string): void {
    this.#writes.stderr.call(process.stderr, `${line}\n`)
  }

  /** @throws BrokenPromise when anything was said with a secret, or failed unhandled */
  check(name: string): void {
    const secret = secretIn(this.#texts.join('\n'))
    this.#texts.length = 0
    const unhandled = this.#unhandled.splice(0)
    if (secret !== undefined) throw new BrokenPromise(`during ${name} the process said a secret: ${secret}`)
    if (unhandled.length > 0) {
      throw new BrokenPromise(`during ${name} nobody handled ${inspect(unhandled[0], { depth: 3 }).slice(0, 2_000)}`)
    }
  }
}

export const outputs: Outputs = new Outputs()
