import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { tlsFront } from '@internal/testing/tls-front'
import { expect, test } from 'vitest'
import { consumeMany, consumeOne, DeadLetterError } from '../src/index.ts'
import { failureOf, options } from './call.ts'
import { startCommand } from './start-command.ts'

test('over TLS items are done and set aside, when tls.ca names the authority', async () => {
  await using queue = await testQueue()
  await using front = await tlsFront(brokerUrl())
  const secure = { ...options(queue.name, front.url), tls: { ca: front.ca } }
  await queue.publish('a', 'b', 'hopeless')
  expect(await consumeOne((item) => item.text(), secure)).toEqual({ status: 'done', result: 'a' })
  const outcome = await consumeMany((item) => {
    if (item.text() === 'hopeless') throw new DeadLetterError('It is hopeless.')
  }, secure)
  expect(outcome).toMatchObject({ status: 'empty', done: 1, deadLettered: 1 })
  expect(await queue.drain('dead')).toEqual(['hopeless'])
})

test('a certificate that no authority signed, or of another name, is refused at once, and named', async () => {
  await using queue = await testQueue()
  await using front = await tlsFront(brokerUrl())
  const refused = { code: 'TLS_UNTRUSTED', retryable: false }
  expect(await failureOf(consumeOne(() => {}, options(queue.name, front.url)))).toMatchObject(refused)
  const other = { ...options(queue.name, front.urlByNumber), tls: { ca: front.ca } }
  expect(await failureOf(consumeOne(() => {}, other))).toMatchObject(refused)
  const named = { ...other, tls: { ca: front.ca, servername: 'localhost' } }
  expect(await consumeOne(() => {}, named)).toEqual({ status: 'empty' })
})

test('the command takes its item over TLS from a broker whose authority Node knows, and from no other: 78', async () => {
  await using queue = await testQueue()
  await using front = await tlsFront(brokerUrl())
  await queue.publish('apple')
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-tls-'))
  try {
    const file = join(folder, 'ca.pem')
    await writeFile(file, front.ca)
    const environment = { BROKER_URL: front.url, QUEUE: queue.name }
    const stranger = await startCommand(['--', 'cat'], environment).exited
    expect(stranger).toMatchObject({ code: 78, stdout: '', stderr: expect.stringMatching(/TLS_UNTRUSTED/) })
    const worker = await startCommand(['--', 'cat'], { ...environment, NODE_EXTRA_CA_CERTS: file }).exited
    expect(worker).toEqual({ code: 0, stdout: 'apple', stderr: '' })
  } finally {
    await rm(folder, { recursive: true })
  }
})
