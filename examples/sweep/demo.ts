/** `npm run sweep`: the example beside this file over 500 parameter sets, with a broker and a cluster around it. */
import { parseArguments, runDemo, setScene } from '@internal/demo'
import { IMAGES } from './images.ts'
import { SETS } from './sets.ts'
import { type ParameterSet, sweep } from './sweep.ts'

await runDemo(async ({ view, signal }) => {
  const args = parseArguments({
    command: 'npm run sweep',
    description:
      'A parameter sweep: 500 sets in a RabbitMQ queue, scored in the pods of a Kubernetes Job, the scores back as an array.',
    images: IMAGES,
  })
  const announce = (line: string): void => view.line(line)
  await using scene = await setScene({ images: IMAGES, queue: 'sweep' }, args, { announce, signal })
  process.env.BROKER_URL = scene.brokerUrl
  // The results are what counts here, so the pods' logs are not shown.
  const { podLog: _, ...on } = view.listeners
  const { scores, failures } = await sweep(SETS, args.image, scene.podUrl, { ...scene.client, on, signal })
  view.end()
  for (const { index, reason } of failures) process.stdout.write(`no score for ${shown(SETS[index])}: ${reason}\n`)
  const found = scores.filter((score) => score !== undefined)
  const best = Math.min(...found)
  process.stdout.write(
    `\nsets: ${scores.length}\nscores: ${found.length}\nfailures: ${failures.length}\n` +
      `best: ${best} steps with ${shown(SETS[scores.indexOf(best)])}\n`,
  )
})

function shown(set: ParameterSet | undefined): string {
  return `rate ${set?.rate}, momentum ${set?.momentum}`
}
