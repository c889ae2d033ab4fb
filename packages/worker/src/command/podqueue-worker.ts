#!/usr/bin/env node
import { DeadLetterError } from '../handle/dead-letter-error.ts'
import { exitCodeOf } from '../process/exit-code.ts'
import { report } from '../process/report.ts'
import { runWorker } from '../run-worker.ts'
import { findProgram } from './program.ts'
import { ProgramFailed, runProgram } from './run-program.ts'
import { type Call, DEFAULTS } from './settings.ts'

// What a bug that leaves nothing to wait for ends with: only a proven end is 0.
process.exitCode = exitCodeOf(undefined)
// Not awaited here, since what is loaded later imports from this file.
void main()

async function main(): Promise<void> {
  try {
    const call = await called(process.argv.slice(2))
    if (call === undefined) process.exitCode = 0
    else await run(call)
    // Nothing is left to do then, and Node takes a millisecond to find that out and to take its heap apart.
    if (process.exitCode === 0) process.exit()
  } catch (error) {
    process.exitCode = exitCodeOf(error)
    report(error)
  }
}

/** What the command line asks for; undefined when it has been answered, as `--help`. */
async function called(words: readonly string[]): Promise<Call | undefined> {
  const [first, name, ...args] = words
  // The usual call of an image, for which nothing is to be parsed: what does that is not loaded for each item.
  if (first === '--' && name !== undefined) return { name, args, settings: DEFAULTS }
  const { parseCommandLine } = await import('./command-line.ts')
  return await parseCommandLine()
}

async function run({ name, args, settings }: Call): Promise<void> {
  const program = findProgram(name)
  // What starts it takes a millisecond or two to load: while the broker is waited for, instead of with an item in hand.
  setImmediate(() => process.getBuiltinModule('node:child_process'))
  const { killAfterMs, deadLetterOn, ...options } = settings
  await runWorker(
    async (item, { signal }) => {
      try {
        await runProgram(program, args, item, { signal, killAfterMs })
      } catch (error) {
        // A program that was asked to end has not judged its item.
        if (!(error instanceof ProgramFailed) || signal.aborted || !deadLetterOn.includes(error.exitCode ?? -1))
          throw error
        throw new DeadLetterError(error.message, { cause: error })
      }
    },
    // The program has been killed by then, and its exit seen.
    { ...options, graceMs: killAfterMs + 2_000 },
  )
}
