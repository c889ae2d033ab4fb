/** `npm run demo`: the example beside this folder, with all that it needs around it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { showProgress } from '@podqueue/k8s/progress'
import { createProducer, type QueueView } from '@podqueue/producer'
import { fruitJob, fruitYaml, processFruits } from '../main.ts'
import { type DemoArguments, parseArguments } from './arguments.ts'
import { explain } from './explain.ts'
import { setScene } from './scene.ts'

const interrupted = new AbortController()
const interrupt = (signal: NodeJS.Signals): void => interrupted.abort(new Error(`received ${signal}`))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt)

/** The exit code that a shell reports for a program ended by SIGINT. */
const EXIT_INTERRUPTED = 130

const view = showProgress()
try {
  await demo(parseArguments(process.argv.slice(2)))
} catch (error) {
  const { text, exitCode } = explain(error)
  process.exitCode = interrupted.signal.aborted ? EXIT_INTERRUPTED : exitCode
  if (interrupted.signal.aborted)
    process.stdout.write('interrupted: everything that was started is ended and removed\n')
  else if (text !== '') process.stderr.write(`${text}\n`)
}

async function demo(args: DemoArguments): Promise<void> {
  const { signal } = interrupted
  if (args.yaml) {
    const podUrl = args.podBroker ?? args.broker ?? 'amqp://user:password@rabbitmq-service:5672'
    process.stdout.write(fruitYaml(fruitJob(args.image, 'job1', podUrl)))
    return
  }
  await using scene = await setScene(args, { announce: (line) => view.line(line), signal })
  await using producer = createProducer({ url: scene.brokerUrl })
  const queue = producer.queue(scene.queue)
  const startedAt = performance.now()
  const watching = new AbortController()
  const watched = watchQueue(queue, AbortSignal.any([signal, watching.signal]))
  try {
    const job = fruitJob(args.image, scene.queue, scene.podUrl)
    const result = await processFruits(job, queue, { ...scene.client, on: view.listeners, signal })
    watching.abort()
    await watched
    view.end()
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
    process.stdout.write(
      `\nitems: ${result.completions}\ndone: ${result.succeeded}\nfailed attempts: ${result.failed}\n` +
        `left over: ${result.leftover}\nseconds: ${seconds}\n`,
    )
    if (args.cluster === 'kube')
      process.stdout.write(`\nSee it: kubectl describe job ${result.name} -n ${result.namespace}\n`)
  } finally {
    watching.abort()
    await watched
    view.end()
  }
}

/** Shows the number of items that wait, once a second, until the signal. */
async function watchQueue(queue: QueueView, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(1_000, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    const reading = await queue.inspect({ signal }).catch(() => undefined)
    if (reading !== undefined) view.itemsLeft(reading.ready)
  }
}
