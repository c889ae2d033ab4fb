import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { buildJob, createJobClient, type JobSpec, toYaml } from '../src/index.ts'
import { startLocalCluster } from '../src/local.ts'

const text = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8')

test('the code of docs/operations.md for a ScaledJob of KEDA prints the YAML that is there', () => {
  const section = text.slice(text.indexOf('## KEDA'))
  const [code = '', yaml = ''] = [...section.matchAll(/```(?:ts|yaml)\n(.*?)```/gs)].map(([, block]) => block)
  const printed: string[] = []
  const stdout = { write: (line: string) => void printed.push(line) }
  const run = new Function('buildJob', 'toYaml', 'process', code.replace(/^import .*$/gm, ''))
  run(buildJob, toYaml, { stdout })
  expect(printed.join('')).toBe(yaml)
})

test('a Job whose pods alone take hours is warned of before it is made, with the arithmetic and a way out', async () => {
  await using cluster = await startLocalCluster()
  await using client = createJobClient({ kubeConfig: cluster.kubeConfig })
  const spec: JobSpec = {
    name: 'frames',
    image: 'any',
    items: 1_000_000,
    queue: { name: 'frames', podUrl: 'amqp://user:password@rabbitmq' },
  }
  const warningsOf = async (changes: Partial<JobSpec>): Promise<readonly string[]> =>
    (await client.preflight({ ...spec, ...changes })).warnings
  expect(await warningsOf({})).toEqual([
    'This Job has 1000000 pods. A control plane starts 13 to 28 pods a second, whatever they do: that is 10 to 21 hours. ' +
      "With itemsPerPod 100 it has 10000 pods, which take 6 to 13 minutes; with itemsPerPod 'all' it has as many as run at the same time.",
  ])
  expect(await warningsOf({ itemsPerPod: 100 })).toEqual([])
  expect(await warningsOf({ items: 10_000 })).toEqual([])
  expect(await warningsOf({ itemsPerPod: 'all', parallelism: 50 })).toEqual([])
})
