import * as v from 'valibot'
import { expect, test } from 'vitest'
import { propertiesOfCopy } from '../src/handle/publish-copy.ts'
import { DeadLetterError, WorkerError } from '../src/index.ts'
import { createTestItem } from '../src/testing.ts'

const Frame = v.object({ frame: v.pipe(v.number(), v.integer()), tags: v.optional(v.array(v.string()), []) })

test('json(schema) gives what the schema makes of the body', async () => {
  expect(await createTestItem({ frame: 7 }).json(Frame)).toEqual({ frame: 7, tags: [] })
})

test('json(schema) says where a body differs, and never with which value', async () => {
  const error: unknown = await createTestItem({ frame: 's3cret', tags: [1] })
    .json(Frame)
    .catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(WorkerError)
  expect(error).toMatchObject({ code: 'ITEM_INVALID', details: { paths: ['frame', 'tags.0'] } })
  expect(JSON.stringify(error) + String(error)).not.toContain('s3cret')
})

test('a test item is what a handler gets', () => {
  const item = createTestItem('apple', { id: 'id-1', redelivered: true, deliveryCount: 2 })
  expect(item.text()).toBe('apple')
  expect(item).toMatchObject({ queue: 'test', id: 'id-1', redelivered: true, deliveryCount: 2 })
  expect(createTestItem(Buffer.from([0xff])).body).toEqual(Buffer.from([0xff]))
})

test('a DeadLetterError of another copy of the package is one', () => {
  const other = Object.assign(new Error('no'), { [Symbol.for('@podqueue/worker.DeadLetterError')]: true })
  expect(other).toBeInstanceOf(DeadLetterError)
  expect(new Error('no')).not.toBeInstanceOf(DeadLetterError)
})

test('a dead letter keeps what is the publisher’s and drops what would act on the copy', () => {
  const message = {
    content: Buffer.from('x'),
    fields: {},
    properties: {
      messageId: 'id',
      userId: 'other',
      expiration: '1',
      contentType: 'text/plain',
      headers: { CC: ['q'], 'x-death': [], 'x-delivery-count': 9, 'x-first-death-queue': 'q', mine: 1 },
    },
  }
  expect(propertiesOfCopy(message as never, { 'x-podqueue-queue': 'q', 'x-podqueue-reason': 'why' })).toEqual({
    messageId: 'id',
    contentType: 'text/plain',
    persistent: true,
    mandatory: true,
    headers: { mine: 1, 'x-podqueue-queue': 'q', 'x-podqueue-reason': 'why' },
  })
})

test('a test item is refused with a queue or an id that no item can have, and shows neither', () => {
  const queue = { 'amqp://app:n0t-to-be-seen@rabbit': 1 } as unknown as string
  expect(() => createTestItem('', { queue })).toThrow(/queue: must be a non-empty string/)
  expect(() => createTestItem('', { queue })).not.toThrow(/n0t-to-be-seen/)
  expect(() => createTestItem('', { id: 7 as unknown as string })).toThrow(/id: must be a string/)
})
