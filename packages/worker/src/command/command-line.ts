import { EMPTY_CHOICES, ENV, type NumberRule, WORKER_SETTINGS } from '@internal/contract'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import manifest from '../../package.json' with { type: 'json' }
import { toWorkerError } from '../errors.ts'
import { type Call, DEFAULTS, type Settings } from './settings.ts'

/** The options as commander names them: by their long form, without those that are not on the command line. */
type Parsed = Partial<Settings>

/**
 * Parses the words of the command line. Undefined when it asked for something that has been printed, such as `--help`.
 *
 * @throws {WorkerError} `USAGE`
 */
export async function parseCommandLine(words: readonly string[]): Promise<Call | undefined> {
  let call: Call | undefined
  try {
    await commandLine((parsed) => {
      call = parsed
    }).parseAsync(words, { from: 'user' })
    return call
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return undefined
    const said = error.message.replace(/^error: /, '')
    throw toWorkerError({
      code: 'USAGE',
      message: `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[.!?)]$/.test(said) ? '' : '.'}`,
      hint: 'Call it as podqueue-worker [options] -- program [arguments]. See podqueue-worker --help.',
    })
  }
}

/** The command line of `podqueue-worker`. It throws, instead of ending the process. */
function commandLine(onCall: (call: Call) => void): Command {
  return new Command('podqueue-worker')
    .description(
      'Takes items from a RabbitMQ queue, by default one, runs a program on each with its body on standard input, and acks ' +
        'it when the program exits with 0. Any other end puts the item back. The exit code tells how the item ended.',
    )
    .usage('[options] -- program [arguments]')
    .argument('<program>', 'looked up on PATH, as a shell does')
    .argument('[arguments...]', 'passed on as they are')
    .option('--queue <name>', 'the queue to take from (default: $QUEUE)')
    .option('--items <n|all>', 'number of items to take (default: $PODQUEUE_ITEMS, else 1)', items)
    .option(
      '--concurrency <n>',
      `number of programs that run at the same time (default: $${ENV.concurrency}, else ${WORKER_SETTINGS.concurrency.default})`,
      within(WORKER_SETTINGS.concurrency),
    )
    .addOption(
      new Option(
        '--empty <what>',
        `on an empty queue, exit with 0 or wait for an item (default: $${ENV.empty}, else exit)`,
      ).choices(EMPTY_CHOICES),
    )
    .option(
      '--empty-check-delay-ms <ms>',
      `time without an item before asking whether the queue is empty (default: $${ENV.emptyCheckDelayMs}, else ${WORKER_SETTINGS.emptyCheckDelayMs.default})`,
      within(WORKER_SETTINGS.emptyCheckDelayMs),
    )
    .option(
      '--idle-timeout-ms <ms>',
      `longest wait for items that others may give back (default: $${ENV.idleTimeoutMs}, else ${WORKER_SETTINGS.idleTimeoutMs.default})`,
      within(WORKER_SETTINGS.idleTimeoutMs),
    )
    .option('--retries <n>', 'run a program that fails again, with the item in hand (default: 0)', wholeNumber)
    .option(
      '--dead-letter-on <codes>',
      'exit codes of the program that set its item aside, such as 65,66 (default: none)',
      exitCodes,
    )
    .option('--kill-after-ms <ms>', 'time from SIGTERM to SIGKILL for a program (default: 25000)', wholeNumber)
    .option(
      '--max-result-bytes <n>',
      'largest standard output that is sent as the result of an item (default: 1048576)',
      wholeNumber,
    )
    .option('--reconnect-for-ms <ms>', 'time to go on trying while no broker answers (default: 300000)', wholeNumber)
    .version(manifest.version)
    .addHelpText('after', REST_OF_HELP)
    .passThroughOptions()
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .action((program: string, args: string[], options: Parsed) => {
      onCall({ name: program, args, settings: { ...DEFAULTS, ...options } })
    })
}

const REST_OF_HELP = `
Environment:
  BROKER_URL         amqp://user:password@host:5672/vhost; the program does not
                     see it
  BROKER_URL_FILE    a file that holds it, as a mounted Secret
  QUEUE, PODQUEUE_ITEMS, PODQUEUE_CONCURRENCY, PODQUEUE_EMPTY,
  PODQUEUE_EMPTY_CHECK_DELAY_MS, PODQUEUE_IDLE_TIMEOUT_MS
                     stand for the options above
  PODQUEUE_TERMINATION_LOG
                     where to leave the cause of a failure
                     (default: /dev/termination-log)

The program gets ITEM_ID, ITEM_QUEUE, ITEM_CONTENT_TYPE, ITEM_REDELIVERED,
ITEM_DELIVERY_COUNT, TRACEPARENT and TRACESTATE, where known. SIGTERM and SIGINT
reach it and all that it started as SIGTERM.

Exit codes:
  0 done, dead-lettered, or the queue is empty   75 lease lost or ack unconfirmed
  1 the program failed, requeued                 77 not permitted
  64 called wrongly                              78 configuration that cannot work
  69 broker or queue not available               143 ended by a signal, item released
  70 a bug in podqueue`

function wholeNumber(text: string): number {
  return within({ min: 0, max: Number.MAX_SAFE_INTEGER })(text)
}

function within({ min, max }: Pick<NumberRule, 'min' | 'max'>): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(
      max === Number.MAX_SAFE_INTEGER
        ? `It must be a whole number of at least ${min}.`
        : `It must be a whole number from ${min} to ${max}.`,
    )
  }
}

function items(text: string): number | 'all' {
  if (text === 'all') return 'all'
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new InvalidArgumentError("It must be a number of items, or 'all'.")
}

function exitCodes(text: string): number[] {
  const codes = text.split(',').map((code) => (/^\d{1,3}$/.test(code.trim()) ? Number(code) : Number.NaN))
  if (codes.every((code) => code >= 1 && code <= 255)) return codes
  throw new InvalidArgumentError('They must be exit codes from 1 to 255, with commas between them.')
}
