import { Command, CommanderError, Option } from 'commander'

/** What `npm run demo -- …` was asked for. */
export interface DemoArguments {
  readonly cluster: 'local' | 'kube'
  readonly image: string
  readonly broker?: string
  readonly podBroker?: string
  readonly yaml: boolean
}

/** Wrong arguments, or none wanted (`--help`); the text is for people. */
export class UsageError extends Error {
  readonly exitCode: number
  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}

export function parseArguments(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): DemoArguments {
  const command = new Command('npm run demo --')
    .description('The tutorial: eight fruits in a RabbitMQ queue, a Kubernetes Job whose pods take one each.')
    .addOption(
      new Option('--cluster <which>', 'local: pods are processes of this machine; kube: the current kubeconfig')
        .choices(['local', 'kube'])
        .default('local'),
    )
    .addOption(
      new Option('--image <name>', 'podqueue-fruits: a handler; podqueue-fruits-program: worker.py, unchanged').default(
        'podqueue-fruits',
      ),
    )
    .option('--broker <url>', 'a RabbitMQ, as this program reaches it (default: $BROKER_URL, else found or started)')
    .option('--pod-broker <url>', 'the same RabbitMQ, as the pods reach it (default: --broker)')
    .option('--yaml', 'only print the Job as YAML for kubectl apply', false)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) throw new UsageError('', 0)
    throw new UsageError(`${error.message.replace(/^error: /, '')}\n  See npm run demo -- --help`, EX_USAGE)
  }
  const options = command.opts<Omit<DemoArguments, 'broker'> & { broker?: string }>()
  if (options.image === '') throw new UsageError('--image is empty\n  Name an image, such as podqueue-fruits', EX_USAGE)
  const broker = options.broker ?? (environment.BROKER_URL === '' ? undefined : environment.BROKER_URL)
  if (options.cluster === 'kube' && broker === undefined) {
    throw new UsageError(
      'with --cluster kube the pods need a broker that they reach\n' +
        '  Give --broker URL as this program reaches it, and --pod-broker URL as the pods do, where that differs:\n' +
        '  --broker amqp://user:password@localhost:5672 --pod-broker amqp://user:password@rabbitmq-service:5672',
      EX_USAGE,
    )
  }
  return { ...options, ...(broker === undefined ? {} : { broker }) }
}

/** sysexits.h */
export const EX_USAGE = 64
