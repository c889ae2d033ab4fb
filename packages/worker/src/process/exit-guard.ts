import { EXIT } from '@internal/contract'
import { writeLine } from './report.ts'

/**
 * Keeps the process from exiting with 0 before its worker is done: by `process.exit()` in a handler, or because Node has nothing left
 * to wait for. The Job would count a completion whose item is still in the queue.
 *
 * @returns a function that ends the guard
 */
export function guardExit(): () => void {
  const correct = (code: number): void => {
    if (code !== EXIT.done) return
    process.exitCode = EXIT.bug
    writeLine(
      `The process exits before its worker is done, so the exit code is ${EXIT.bug} instead of ${EXIT.done}. ` +
        'Do not call process.exit() in a handler: return, or throw. An item in hand goes back to the queue.',
    )
  }
  process.on('exit', correct)
  return () => process.off('exit', correct)
}
