import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { startLocalCluster } from '@podqueue/k8s/local'
import { onTestFinished, test } from 'vitest'
import { bundlePodTelemetry } from './pod-bundle.ts'
import { expectOneTrace, PROGRAM } from './traced-run.ts'

const worker = fileURLToPath(new URL('podqueue-worker.js', import.meta.resolve('@podqueue/worker')))

test('an item is one trace from enqueue through a program in a pod to its result, with the Job beside it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-telemetry-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const telemetry = await bundlePodTelemetry(folder)
  await using queue = await testQueue(false)
  await using cluster = await startLocalCluster({ images: { worker: [process.execPath, worker, '--', ...PROGRAM] } })
  const spec = {
    name: 'traced',
    image: 'worker',
    parallelism: 3,
    queue: { name: queue.name, podUrl: brokerUrl() },
    env: { NODE_OPTIONS: `--import ${telemetry}` },
  }
  await expectOneTrace({ queue: queue.name, url: brokerUrl() }, spec, { kubeConfig: cluster.kubeConfig })
})
