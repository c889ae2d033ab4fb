import { Command, CommanderError, Option } from 'commander'
import type { DemoImages } from './images.ts'

/** The arguments of a demo. */
export interface DemoArguments {
  readonly cluster: 'local' | 'kube'
  readonly image: string
  readonly broker?: string
  readonly podBroker?: string
  readonly yaml: boolean
  /** The file for the picture of the run. */
  readonly report?: string
}

/** How a demo is called, and what it shows. */
export interface DemoUsage {
  /** The command, such as `npm run demo`. */
  readonly command: string
  readonly description: string
  readonly images: DemoImages
  /** Whether it can print its Job as YAML. Default: false. */
  readonly yaml?: boolean
  /** Whether it can write the picture of its run. Default: false. */
  readonly report?: boolean
}

/** Wrong arguments, or none wanted (`--help`); the text is for people. */
export class UsageError extends Error {
  readonly exitCode: number
  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Reads the arguments of this process, and `BROKER_URL`. */
export function parseArguments({
  command: name,
  description,
  images,
  yaml = false,
  report = false,
}: DemoUsage): DemoArguments {
  const [image = ''] = Object.keys(images)
  const about = Object.entries(images).map(([each, { about }]) => `${each}: ${about}`)
  const command = new Command(`${name} --`)
    .description(description)
    .addOption(
      new Option('--cluster <which>', 'local: pods are processes of this machine; kube: the current kubeconfig')
        .choices(['local', 'kube'])
        .default('local'),
    )
    .addOption(new Option('--image <name>', about.join('; ')).default(image))
    .option('--broker <url>', 'a RabbitMQ, as this program reaches it (default: $BROKER_URL, else found or started)')
    .option('--pod-broker <url>', 'the same RabbitMQ, as the pods reach it (default: --broker)')
    .exitOverride()
    .configureOutput({ outputError: () => {} })
  if (report) command.option('--report <file>', 'write the picture of the run: run.html is a page, run.svg an image')
  if (yaml) command.option('--yaml', 'only print the Job as YAML for kubectl apply')
  try {
    command.parse(process.argv.slice(2), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) throw new UsageError('', 0)
    throw new UsageError(`${error.message.replace(/^error: /, '')}\n  See ${name} -- --help`, EX_USAGE)
  }
  const options = command.opts<Omit<DemoArguments, 'yaml'> & { readonly yaml?: true }>()
  if (options.image === '') throw new UsageError(`--image is empty\n  Name an image, such as ${image}`, EX_USAGE)
  if (options.report !== undefined && !/\.(html|svg)$/.test(options.report)) {
    throw new UsageError(
      `--report ${options.report} is no .html and no .svg\n  Name a file, such as run.html`,
      EX_USAGE,
    )
  }
  const broker = options.broker ?? (process.env.BROKER_URL === '' ? undefined : process.env.BROKER_URL)
  if (options.cluster === 'kube' && broker === undefined) {
    throw new UsageError(
      'with --cluster kube the pods need a broker that they reach\n' +
        '  Give --broker URL as this program reaches it, and --pod-broker URL as the pods do, where that differs:\n' +
        '  --broker amqp://user:password@localhost:5672 --pod-broker amqp://user:password@rabbitmq-service:5672',
      EX_USAGE,
    )
  }
  return { ...options, yaml: options.yaml ?? false, ...(broker === undefined ? {} : { broker }) }
}

/** sysexits.h */
export const EX_USAGE = 64
