import { tracingChannel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { type JobTrace, runJob, waitForJob } from '../src/index.ts'
import { startLocalCluster } from '../src/local.ts'
import { shellJob } from './shell-job.ts'

/** Everything that is published on a channel, in order. */
function record(name: string): { readonly seen: [string, JobTrace][]; [Symbol.dispose](): void } {
  const channel = tracingChannel<JobTrace>(name)
  const seen: [string, JobTrace][] = []
  const take = (event: string) => (trace: unknown) => void seen.push([event, { ...(trace as JobTrace) }])
  const subscribers = {
    start: take('start'),
    end: take('end'),
    asyncStart: take('asyncStart'),
    asyncEnd: take('asyncEnd'),
    error: take('error'),
  }
  channel.subscribe(subscribers)
  return { seen, [Symbol.dispose]: () => void channel.unsubscribe(subscribers) }
}

test('a submit and a wait are traced on their channels, with what they return or throw, and no secret', async () => {
  await using cluster = await startLocalCluster({ backoffScale: 0.01 })
  const { kubeConfig } = cluster
  using submits = record('podqueue:submit')
  using waits = record('podqueue:wait')
  const spec = {
    ...shellJob({ items: 2 }),
    command: ['sh', '-c', 'true'],
    queue: { name: 'job1', podUrl: 'amqp://user:geheim@127.0.0.1' },
  }
  const result = await runJob(spec, { kubeConfig })
  const called = { name: 'work', namespace: 'default', around: expect.any(Function) }
  expect(submits.seen.map(([event]) => event)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
  expect(submits.seen[0]?.[1]).toEqual({ ...called, completions: 2 })
  expect(submits.seen.at(-1)?.[1]).toMatchObject({ ...called, result: { metadata: { uid: result.uid } } })
  expect(waits.seen.map(([event]) => event)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
  expect(waits.seen[0]?.[1]).toEqual(called)
  expect(waits.seen.at(-1)?.[1]).toEqual({ ...called, result })
  waits.seen.length = 0
  const error = await waitForJob('nothing', { kubeConfig }).catch((caught: unknown) => caught)
  expect(waits.seen.find(([event]) => event === 'error')?.[1]).toEqual({ ...called, name: 'nothing', error })
  expect(inspect([submits.seen, waits.seen], { depth: 10 })).not.toContain('geheim')
})
