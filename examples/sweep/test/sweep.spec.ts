import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFile } from 'node:fs/promises'
import { commandsOf } from '@internal/demo'
import { brokerUrl } from '@internal/testing/broker-url'
import { type LocalCluster, startLocalCluster } from '@podqueue/k8s/local'
import { inspectQueue, type PublishDiagnostic } from '@podqueue/producer'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { IMAGES } from '../images.ts'
import { SETS } from '../sets.ts'
import { sweep } from '../sweep.ts'
import { expectedScores, placesWithout } from './expected.ts'

let cluster: LocalCluster
beforeAll(async () => {
  process.env.BROKER_URL = brokerUrl()
  cluster = await startLocalCluster({ images: commandsOf(IMAGES) })
})
afterAll(() => cluster?.close())

const reason = 'It does not find the minimum within 1000 steps.'

test.each([
  ['500 sets by a handler', 'podqueue-sweep:1', SETS, reason],
  // A process for each set takes its time: one in twenty of them.
  [
    'sets by an unchanged Python program',
    'podqueue-sweep-program:1',
    SETS.filter((_, i) => i % 20 === 3),
    `: ${reason}`,
  ],
])('%s: the scores are back in their order, the failures with their reason', async (_, image, sets, why) => {
  const { scores, failures } = await sweep(sets, image, brokerUrl(), { kubeConfig: cluster.kubeConfig })
  const expected = expectedScores(sets)
  expect(scores).toEqual(expected)
  expect(failures.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(placesWithout(expected))
  for (const failure of failures) expect(failure.reason).toMatch(new RegExp(`${why}$`))
})

test('a sweep that is ended in the middle leaves no queue, no dead letters and no results', async () => {
  const ending = new AbortController()
  let item: PublishDiagnostic | undefined
  const onPublish = (published: unknown): void => {
    item = published as PublishDiagnostic
  }
  subscribe('podqueue:publish', onPublish)
  onTestFinished(() => void unsubscribe('podqueue:publish', onPublish))
  const options = { kubeConfig: cluster.kubeConfig, signal: ending.signal, on: { podLog: () => ending.abort() } }
  await expect(sweep(SETS, 'podqueue-sweep-program:1', brokerUrl(), options)).rejects.toMatchObject({ code: 'ABORTED' })
  const { queue: name = '', messageId = '', index } = item ?? {}
  const batch = messageId.slice(0, -`-${index}`.length)
  for (const queue of [name, `${name}.dead`, `${name}.results.${batch}`]) {
    await expect(inspectQueue(queue, { url: brokerUrl() })).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' })
  }
})

test('the service and its worker are fewer than 40 lines together', async () => {
  const files = ['sweep.ts', 'worker.ts'].map((file) => readFile(new URL(`../${file}`, import.meta.url), 'utf8'))
  expect((await Promise.all(files)).join('').split('\n').length - 1).toBeLessThan(40)
})
