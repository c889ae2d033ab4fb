import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { POD_URL, startClusterBroker } from '@internal/testing/cluster-broker'
import { onTestFinished, test } from 'vitest'
import { bundlePodTelemetry } from './pod-bundle.ts'
import { expectOneTrace, PROGRAM } from './traced-run.ts'

test('in pods of a real cluster too, an item is one trace, with the Job beside it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-telemetry-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const telemetry = await bundlePodTelemetry(folder)
  await using broker = await startClusterBroker('telemetry')
  await broker.kubectl('create', 'configmap', 'telemetry', '--from-file', telemetry)
  const spec = {
    name: 'traced',
    namespace: broker.namespace,
    image: 'podqueue-fruits-program',
    imagePullPolicy: 'IfNotPresent',
    parallelism: 3,
    command: ['podqueue-worker', '--', ...PROGRAM],
    queue: { name: 'traced', podUrl: POD_URL },
    env: { NODE_OPTIONS: '--import /telemetry/telemetry.mjs' },
    volumes: [{ name: 'telemetry', configMap: { name: 'telemetry' } }],
    volumeMounts: [{ name: 'telemetry', mountPath: '/telemetry' }],
  } as const
  await expectOneTrace({ queue: 'traced', url: broker.url }, spec, {})
})
