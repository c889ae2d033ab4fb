import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ENTRIES, installed, run, tool } from './installed.ts'

/** The oldest compiler that the types are for, those that changed what CommonJS may import, and the newest. */
const COMPILERS = ['typescript-5.4', 'typescript-5.7', 'typescript', 'typescript-7'] as const

/** How an app finds types: the settings, and the endings of its files. `.cts` is CommonJS, `.mts` is not. */
const RESOLUTIONS = {
  node10: { module: 'commonjs', endings: ['ts'] },
  node16: { module: 'node16', endings: ['cts', 'mts'] },
  nodenext: { module: 'nodenext', endings: ['cts', 'mts'] },
  bundler: { module: 'preserve', endings: ['ts'] },
} as const

/** TypeScript 7 has no node10 any more. */
const MATRIX = COMPILERS.flatMap((compiler) =>
  (Object.keys(RESOLUTIONS) as (keyof typeof RESOLUTIONS)[])
    .filter((resolution) => compiler !== 'typescript-7' || resolution !== 'node10')
    .map((resolution) => ({ compiler, resolution })),
)

const USE = `
import { createProducer, declareQueue, enqueue, EnqueueError, inspectQueue, type Receipt } from '@podqueue/producer'
import { consumeOne, runWorker, WorkerError, type Item } from '@podqueue/worker'
import { createTestItem } from '@podqueue/worker/testing'
import { buildJob, JobFailedError, K8sError, runJob, type JobResult, type V1Job } from '@podqueue/k8s'
import { startLocalCluster } from '@podqueue/k8s/local'
import { showProgress } from '@podqueue/k8s/progress'

export async function all(): Promise<[Receipt, JobResult]> {
  await declareQueue('job1', { type: 'quorum' })
  const queue = createProducer().queue('job1')
  const receipt = await queue.enqueue(['apple', new Uint8Array(1), { frame: 7 }])
  const cluster: AsyncDisposable & { kubeConfig: { getCurrentContext(): string } } = await startLocalCluster()
  const { kubeConfig } = await startLocalCluster({ images: { worker: ['true'] } })
  const template = (job: V1Job): V1Job => ({ ...job, spec: { ...job.spec, template: { spec: { containers: [] } } } })
  const result = await runJob(
    { name: cluster.kubeConfig.getCurrentContext(), image: 'worker', items: receipt.confirmed, queue: { podUrl: 'amqp://rabbitmq-service' }, template },
    { kubeConfig, queue, on: showProgress().listeners },
  )
  const outcome = await consumeOne(async (item: Item, { signal }) => [item.text(), signal.aborted] as const, { queue: 'job1' })
  if (outcome.status === 'done') outcome.result[0].toUpperCase()
  return [receipt, result]
}

export function why(error: unknown): string | undefined {
  if (error instanceof EnqueueError) return error.failures.map(({ outcome }) => outcome).join()
  if (error instanceof JobFailedError) return error.hint
  return error instanceof WorkerError || error instanceof K8sError ? error.code : undefined
}

/** An app leaves an option out by undefined, under exactOptionalPropertyTypes too. */
export async function given(url: string | undefined, signal: AbortSignal | undefined, runId: string | undefined) {
  await enqueue('job1', ['apple'], { url, signal, journal: undefined, on: { progress: undefined } })
  await consumeOne((item) => item.text(), { queue: 'job1', url, signal })
  await runWorker((item) => item.text(), { queue: undefined })
  const spec = { name: 'job-wq-1', image: 'worker', queue: { name: 'job1', podUrl: 'amqp://rabbitmq-service' } }
  await runJob({ ...spec, items: undefined, namespace: undefined }, { signal, runId, queue: { inspect: () => inspectQueue('job1', { url }) } })
}

/** Each of these is an error: a type that was lost is any, in which nothing is. */
export async function wrong() {
  // @ts-expect-error
  await enqueue('job1', 'apple')
  // @ts-expect-error
  await consumeOne((item) => item.size, { queue: 'job1' })
  // @ts-expect-error
  buildJob({ name: 'job-wq-1' }).spec?.template.spec?.restartPolicies
  // @ts-expect-error
  await startLocalCluster({ image: {} })
  // @ts-expect-error
  createTestItem()
}
`

/** Every entry, also one that {@link USE} does not know. */
const EVERY = `${ENTRIES.map((entry, index) => `import * as entry${index} from '${entry}'`).join('\n')}
export const every: object[] = [${ENTRIES.map((_, index) => `entry${index}`).join(', ')}]
`

test.concurrent.each(MATRIX)(
  '$compiler finds right types by $resolution, and checks the libraries too',
  async ({ compiler, resolution }) => {
    const { module, endings } = RESOLUTIONS[resolution]
    const folder = join(installed().alone, `${compiler}-${resolution}`)
    await mkdir(folder)
    const files: string[] = []
    for (const ending of endings) {
      files.push(`use.${ending}`, `every.${ending}`)
      await writeFile(join(folder, `use.${ending}`), USE)
      await writeFile(join(folder, `every.${ending}`), EVERY)
    }
    const compilerOptions = {
      module,
      moduleResolution: resolution,
      target: 'es2022',
      // Without esnext.disposable: not every app has it.
      lib: ['es2023'],
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    const compiled = await run(process.execPath, [tool(`${compiler}/bin/tsc`), '--project', folder], { cwd: folder })
    expect(compiled).toEqual({ code: 0, stdout: '', stderr: '' })
  },
)
