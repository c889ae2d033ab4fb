import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startBroker } from '@internal/testing'
import {
  collectResults,
  declareQueue,
  deleteQueue,
  enqueue,
  inspectQueue,
  listDeadLetters,
  purgeDeadLetters,
  requeueDeadLetters,
} from '@podqueue/producer'
import { consumeMany, DeadLetterError } from '@podqueue/worker'
import { expect, test } from 'vitest'

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))

const PASSWORD = 'of a test'

/** The commands of docs/operations.md that begin so, as lists of words. */
function documented(...beginning: readonly string[]): string[][] {
  const lines = readFileSync(path('docs/operations.md'), 'utf8').split('\n')
  return lines
    .filter((line) => line.startsWith(beginning.join(' ')))
    .map((line) =>
      line.split(' ').map((word) => word.replace(/^(['"])(.*)\1$/, '$2').replace(/^\$(.*)_PASSWORD$/, PASSWORD)),
    )
}

test('the permissions of docs/operations.md are enough to fill, inspect, work and dead-letter, to collect results, and to look at dead letters, put them back and delete the queue', async () => {
  await using broker = await startBroker({ announce: () => {} })
  const { rabbitmqctl } = broker
  if (rabbitmqctl === undefined) throw new Error('the broker is not ours')
  const commands = [...documented('rabbitmqctl', 'add_user'), ...documented('rabbitmqctl', 'set_permissions')]
  expect(commands).toHaveLength(4)
  for (const [, ...args] of commands) await rabbitmqctl(...args)
  const addressOf = (user: string): string => {
    const url = new URL(broker.url)
    url.username = user
    url.password = PASSWORD
    return url.href
  }
  const [filler, worker] = [addressOf('filler'), addressOf('worker')]

  await declareQueue('job1', { url: filler })
  await enqueue('job1', ['apple', 'a stone', 'banana'], { url: filler })
  const picky = await consumeMany(
    (item) => {
      if (item.text() === 'a stone') throw new DeadLetterError('It is no fruit.')
    },
    { queue: 'job1', url: worker },
  )
  expect(picky).toMatchObject({ done: 2, deadLettered: 1, failed: 0 })
  expect(await inspectQueue('job1', { url: filler })).toMatchObject({ ready: 0, verified: true, deadLetters: 1 })

  expect(await listDeadLetters('job1', { url: filler })).toMatchObject([{ reason: 'It is no fruit.', by: 'worker' }])
  expect(await requeueDeadLetters('job1', { url: filler })).toEqual({ requeued: 1, alreadyDone: 0, notFound: [] })
  const patient = await consumeMany((item) => expect(item.text()).toBe('a stone'), { queue: 'job1', url: worker })
  expect(patient).toMatchObject({ done: 1, deadLettered: 0, failed: 0 })
  expect(await inspectQueue('job1', { url: filler })).toMatchObject({ ready: 0, verified: true, deadLetters: 0 })
  await enqueue('job1', ['a pebble'], { url: filler })
  const failing = (): never => {
    throw new Error('It is too hard.')
  }
  await consumeMany(failing, { queue: 'job1', url: worker, maxConsecutiveFailures: 9 })
  expect(await listDeadLetters('job1', { url: filler })).toMatchObject([
    { reason: 'It is too hard.', lastFailure: { message: 'It is too hard.', attempts: 6 } },
  ])
  await purgeDeadLetters('job1', { url: filler })
  const batch = await enqueue('job1', ['a fig'], { url: filler, results: true })
  await consumeMany((item) => item.text(), { queue: 'job1', url: worker })
  for await (const item of collectResults(batch, { url: filler })) expect(item).toMatchObject({ value: 'a fig' })
  await deleteQueue('job1', { url: filler })
})
