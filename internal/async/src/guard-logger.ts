import { callSafely } from './call-listener.ts'

/** The part of a pino-like logger that is used: facts first, then the text. */
export interface LoggerLike<Facts> {
  info(facts: Facts, text: string): unknown
  warn(facts: Facts, text: string): unknown
}

/**
 * A logger that never changes the outcome of a call: anything that a method of `logger` throws, or that its promise rejects
 * with, becomes a process warning. One warning for each method, since the next line would most likely fail alike.
 */
export function guardLogger<Facts>(logger: LoggerLike<Facts>): {
  info(facts: Facts, text: string): void
  warn(facts: Facts, text: string): void
} {
  return { info: guarded(logger, 'info'), warn: guarded(logger, 'warn') }
}

function guarded<Facts>(logger: LoggerLike<Facts>, method: 'info' | 'warn'): (facts: Facts, text: string) => void {
  let hasFailed = false
  return (facts, text) => {
    const call = async (): Promise<void> => {
      try {
        await logger[method](facts, text)
      } catch (error) {
        if (hasFailed) return
        hasFailed = true
        throw error
      }
    }
    callSafely(`The logger's ${method}()`, call)
  }
}
