#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import manifest from '../../package.json' with { type: 'json' }
import { toWorkerError } from '../errors.ts'
import { exitCodeOf } from '../exit-code.ts'
import { report, runWorker } from '../run-worker.ts'
import { findProgram } from './program.ts'
import { runProgram } from './run-program.ts'

interface Options {
  readonly queue?: string
  readonly empty?: 'exit' | 'wait'
  readonly reconnectForMs?: number
}

/** How long the program may take to end after SIGTERM, within the 30 s that Kubernetes gives a pod. */
const KILL_AFTER_MS = 25_000

const command = new Command('podqueue-worker')
  .description(
    'Takes one item from a RabbitMQ queue, runs a program with its body on standard input, and acks it when the program\n' +
      'exits with 0. Anything else puts the item back. The exit code tells what became of it.',
  )
  .usage('[options] -- program [arguments]')
  .argument('<program>', 'looked up on PATH, as a shell does')
  .argument('[arguments...]', 'passed on as they are')
  .option('--queue <name>', 'the queue to take from (default: $QUEUE)')
  .addOption(
    new Option('--empty <what>', 'on an empty queue, exit with 0 or wait for an item (default: exit)').choices([
      'exit',
      'wait',
    ]),
  )
  .option('--reconnect-for-ms <ms>', 'how long to try while no broker answers (default: 300000)', milliseconds)
  .version(manifest.version)
  .addHelpText(
    'after',
    `
Environment:
  BROKER_URL        amqp://user:password@host:5672/vhost; not passed on to the program
  BROKER_URL_FILE   a file that holds it, as a mounted Secret
  QUEUE             the queue, where --queue is not given

The program gets ITEM_ID, ITEM_QUEUE, ITEM_CONTENT_TYPE, ITEM_REDELIVERED and ITEM_DELIVERY_COUNT, where known.

Exit codes:
  0 done, or the queue is empty     69 broker or queue not available   78 configuration that cannot work
  1 the program failed, requeued    75 lease lost or ack unconfirmed   143 ended by a signal, item released
  64 called wrongly                 77 not permitted`,
  )
  .passThroughOptions()
  .exitOverride()
  .configureOutput({ outputError: () => {} })
  .action(async (name: string, args: string[], options: Options) => {
    const program = findProgram(name)
    await runWorker((item, { signal }) => runProgram(program, args, item, { signal, killAfterMs: KILL_AFTER_MS }), {
      ...options,
      // The program has been killed by then, and its exit seen.
      graceMs: KILL_AFTER_MS + 2_000,
    })
  })

function milliseconds(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is not a whole number of milliseconds.')
}

try {
  await command.parseAsync()
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = 0
  else {
    const fault = error instanceof CommanderError ? usageError(error) : error
    process.exitCode = exitCodeOf(fault)
    report(fault)
  }
}

function usageError(error: CommanderError): Error {
  return toWorkerError({
    code: 'USAGE',
    message: error.message.replace(/^error: /, ''),
    hint: 'podqueue-worker [options] -- program [arguments]; see podqueue-worker --help',
  })
}
