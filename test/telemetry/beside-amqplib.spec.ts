import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { expect, test } from 'vitest'

const run = promisify(execFile)

test('beside the instrumentation of amqplib, an item, its result and its dead letter are published in one span: that of podqueue', async () => {
  await using queue = await testQueue(false)
  await using raw = await testQueue()
  const program = fileURLToPath(new URL('beside-amqplib.ts', import.meta.url))
  const { stdout } = await run(process.execPath, ['--no-warnings', program, brokerUrl(), queue.name, raw.name])
  const all: { readonly by: string; readonly name: string; readonly to: string }[] = JSON.parse(stdout)
  const count = (by: RegExp, name: string): number =>
    all.filter((span) => by.test(span.by) && span.name === name).length
  const published = all.filter(({ by, name }) => by.endsWith('instrumentation-amqplib') && name.startsWith('publish'))
  const targets = published.map(({ to }) => to).filter((to) => !/\.results\./.test(to))
  expect(targets, 'of the app itself alone').toEqual([raw.name])
  // The record that ends a batch has no span of ours.
  expect(published.length - targets.length, 'of results').toBe(2)
  expect(count(/producer/, `publish ${queue.name}`)).toBe(2)
  expect(count(/worker/, `publish result ${queue.name}`)).toBe(2)
  expect(count(/worker/, `publish dead-letter ${queue.name}`)).toBe(1)
  expect(count(/worker/, `process ${queue.name}`)).toBe(2)
})
