import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brokerUrl } from '@internal/testing/broker-url'
import { createJobClient } from '@podqueue/k8s'
import { startLocalCluster } from '@podqueue/k8s/local'
import { createProducer, deleteQueue } from '@podqueue/producer'
import { expect, test } from 'vitest'
import { runShards } from '../shards.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

test('one batch over three queues and Jobs, through one producer and one client: every item is done once', async () => {
  const url = brokerUrl()
  const name = `shards-${process.pid}`
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-shards-'))
  try {
    await using cluster = await startLocalCluster({
      images: { 'podqueue-frames': [process.execPath, here('frame-writer.ts')] },
    })
    await using producer = createProducer({ url })
    await using jobs = createJobClient({ kubeConfig: cluster.kubeConfig })
    const frames = Array.from({ length: 8 }, (_, index) => `frame-${index}`)
    const spec = {
      name,
      image: 'podqueue-frames',
      podUrl: url,
      itemsPerPod: 'all',
      env: { FRAMES_FOLDER: folder },
    } as const
    const results = await runShards(frames, 3, spec, { producer, jobs })
    expect(results.map((result) => [result.name, result.leftover])).toEqual(
      [0, 1, 2].map((shard) => [`${name}-${shard}`, 0]),
    )
    expect((await readdir(folder)).toSorted()).toEqual(frames.map((frame) => `${frame}.txt`))
  } finally {
    for (const shard of [0, 1, 2]) await deleteQueue(`${name}-${shard}`, { url })
    await rm(folder, { recursive: true })
  }
})

test('docs/operations.md shows the code of this example', async () => {
  const code = await readFile(here('../shards.ts'), 'utf8')
  const body = code.slice(code.indexOf('  const share ='), code.lastIndexOf('\n}'))
  const documented = await readFile(here('../../../docs/operations.md'), 'utf8')
  expect(documented.replace(/^ +/gm, '')).toContain(body.replace(/^ +/gm, ''))
})
