/** `npm run demo`: the example beside this folder, with all that it needs around it. */
import { handlerImage, parseArguments, programImage, reported, runDemo, setScene } from '@internal/demo'
import { createProducer } from '@podqueue/producer'
import { fruitJob, fruitYaml, processFruits } from '../main.ts'

const IMAGES = {
  'podqueue-fruits': handlerImage(new URL('../worker.ts', import.meta.url)),
  'podqueue-fruits-program': programImage(new URL('../worker.py', import.meta.url), 'worker.py, unchanged'),
}

await runDemo(async ({ view, signal }) => {
  const args = parseArguments({
    command: 'npm run demo',
    description: 'The tutorial: eight fruits in a RabbitMQ queue, a Kubernetes Job whose pods take one each.',
    images: IMAGES,
    yaml: true,
    report: true,
  })
  if (args.yaml) {
    const podUrl = args.podBroker ?? args.broker ?? 'amqp://user:password@rabbitmq-service:5672'
    process.stdout.write(fruitYaml(fruitJob(args.image, 'job1', podUrl)))
    return
  }
  const announce = (line: string): void => view.line(line)
  await using scene = await setScene({ images: IMAGES, queue: 'job1' }, args, { announce, signal })
  await using producer = createProducer({ url: scene.brokerUrl })
  const queue = producer.queue(scene.queue)
  const startedAt = performance.now()
  try {
    const job = fruitJob(args.image, scene.queue, scene.podUrl)
    const result = await reported(args.report, announce, (timeline) =>
      processFruits(job, queue, { ...scene.client, on: view.listeners, timeline, signal }),
    )
    view.end()
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
    process.stdout.write(
      `\nitems: ${result.completions}\ndone: ${result.succeeded}\nfailed attempts: ${result.failed}\n` +
        `left over: ${result.leftover}\nseconds: ${seconds}\n`,
    )
    if (args.cluster === 'kube')
      process.stdout.write(`\nSee it: kubectl describe job ${result.name} -n ${result.namespace}\n`)
  } finally {
    view.end()
  }
})
