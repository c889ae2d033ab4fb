#!/usr/bin/env node
import { CommanderError } from 'commander'
import { DeadLetterError } from '../dead-letter-error.ts'
import { toWorkerError } from '../errors.ts'
import { exitCodeOf } from '../exit-code.ts'
import { report, runWorker } from '../run-worker.ts'
import { commandLine, type Settings } from './command-line.ts'
import { findProgram } from './program.ts'
import { ProgramFailed, runProgram } from './run-program.ts'

try {
  await commandLine(run).parseAsync()
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = 0
  else {
    const fault = error instanceof CommanderError ? usageError(error) : error
    process.exitCode = exitCodeOf(fault)
    report(fault)
  }
}

async function run(name: string, args: readonly string[], settings: Settings): Promise<void> {
  const program = findProgram(name)
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

function usageError(error: CommanderError): Error {
  const said = error.message.replace(/^error: /, '')
  return toWorkerError({
    code: 'USAGE',
    message: `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[.!?)]$/.test(said) ? '' : '.'}`,
    hint: 'It is podqueue-worker [options] -- program [arguments]; see podqueue-worker --help.',
  })
}
