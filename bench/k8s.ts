/**
 * Measures the cost of the Kubernetes package: `node bench/k8s.ts`. Needs nothing but Node: the local cluster stands in for Kubernetes.
 * 1. `import '@podqueue/k8s'` in a fresh process, beside a process that does nothing.
 * 2. How many requests a run sends, for few items and for many.
 * 3. The memory of a wait over 10,000 pods.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { runJob } from '@podqueue/k8s'
import { startLocalCluster } from '@podqueue/k8s/local'
import { interleave, printStandings } from './interleave.ts'
import { meteredApi } from './k8s/metered-api.ts'
import { podTurnover } from './k8s/pod-turnover.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const here = fileURLToPath(new URL('.', import.meta.url))
const started =
  (...args: readonly string[]) =>
  async (): Promise<number> => {
    const begun = performance.now()
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: here, encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    return performance.now() - begun
  }
const importing = ['--input-type=module', '--eval', "import '@podqueue/k8s'"]
printStandings(
  'A fresh process',
  'ms',
  await interleave(
    [
      { name: 'node -e 0', run: started('--eval', '0') },
      { name: "import '@podqueue/k8s'", run: started(...importing) },
    ],
    15,
  ),
)

{
  await using cluster = await startLocalCluster({ images: { worker: ['true'] } })
  say('\nRequests of a run (preflight, Job, Secret, wait)')
  for (const items of [1, 8, 60, 300]) {
    const { kubeConfig, requests } = meteredApi(cluster.kubeConfig)
    const begun = performance.now()
    await runJob(
      {
        name: `bench-${items}`,
        image: 'worker',
        items,
        parallelism: 8,
        queue: { name: 'q', podUrl: 'amqp://127.0.0.1' },
      },
      { kubeConfig },
    )
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    say(`  ${String(items).padStart(4)} items: ${requests.length} requests in ${seconds} s`)
  }
}

say('\nMemory of a wait while pods come and go (heap after a collection)')
for (const { pods, heapMiB } of await podTurnover([1000, 2500, 5000, 7500, 10_000])) {
  say(`  after ${String(pods).padStart(6)} pods: ${heapMiB.toFixed(1)} MiB`)
}
