#!/usr/bin/env node
import '@internal/node-version/for-command'

import { DeadLetterError } from '../handle/dead-letter-error.ts'
import { programReason } from '../handle/failure.ts'
import { exitCodeOf } from '../process/exit-code.ts'
import { report } from '../process/report.ts'
import { runWorker } from '../run-worker.ts'
import { findProgram } from './program.ts'
import { ProgramFailed, runProgram } from './run-program.ts'
import { type Call, DEFAULTS } from './settings.ts'

// Node exits with this code when a bug leaves nothing to wait for. Only a proven end is 0.
process.exitCode = exitCodeOf(undefined)
// Not awaited here: the files that are loaded later import from this one.
void main()

async function main(): Promise<void> {
  try {
    const call = await called(process.argv.slice(2))
    if (call === undefined) process.exitCode = 0
    else await run(call)
    // Nothing is left to do, and Node takes a millisecond to find that out.
    if (process.exitCode === 0) process.exit()
  } catch (error) {
    process.exitCode = exitCodeOf(error)
    report(error)
  }
}

/** The call that the command line asks for; undefined when it is answered already, such as `--help`. */
async function called(words: readonly string[]): Promise<Call | undefined> {
  const [first, name, ...args] = words
  // The usual call of an image has nothing to parse, so the parser is not loaded for each item.
  if (first === '--' && name !== undefined) return { name, args, settings: DEFAULTS }
  const { parseCommandLine } = await import('./command-line.ts')
  return await parseCommandLine(words)
}

async function run({ name, args, settings }: Call): Promise<void> {
  const program = findProgram(name)
  // Loading it takes a millisecond or two: better during the wait for the broker than with an item in hand.
  setImmediate(() => process.getBuiltinModule('node:child_process'))
  const { killAfterMs, deadLetterOn, maxResultBytes, ...options } = settings
  await runWorker(
    async (item, { signal }) => {
      try {
        return await runProgram(program, args, item, { signal, killAfterMs, maxResultBytes })
      } catch (error) {
        // The exit code of a program that was told to end says nothing about its item.
        if (!(error instanceof ProgramFailed) || signal.aborted || !deadLetterOn.includes(error.exitCode ?? -1))
          throw error
        throw new DeadLetterError(programReason(error.message, error.stderr), { cause: error })
      }
    },
    // By then the program has been killed, and its exit seen.
    { ...options, maxResultBytes, graceMs: killAfterMs + 2_000 },
  )
}
