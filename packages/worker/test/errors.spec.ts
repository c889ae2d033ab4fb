import { expect, test } from 'vitest'
import { type AnyWorkerError, WorkerError } from '../src/index.ts'

const unconfirmed: unknown = new WorkerError({
  code: 'ACK_UNCONFIRMED',
  message: 'The broker did not take the ack.',
  details: { queue: 'job1', ackTimeoutMs: 10 },
})

/** Compiles only while each code knows its details. */
function factOf(error: AnyWorkerError): string | number | undefined {
  switch (error.code) {
    case 'ACK_UNCONFIRMED':
      return error.details.ackTimeoutMs
    case 'HANDLER_FAILED':
    case 'RELEASED':
      return error.details.messageId
    case 'ITEM_INVALID':
      return error.details.paths[0]
    default:
      return undefined
  }
}

test('instanceof WorkerError narrows to its codes, and a code to its details', () => {
  if (!(unconfirmed instanceof WorkerError)) throw new Error('it is one')
  expect(factOf(unconfirmed)).toBe(10)
})

test('an error of another copy of the package is a WorkerError too, and a plain Error is not', () => {
  const other = Object.assign(new Error('no'), { [Symbol.for('@podqueue/worker.WorkerError')]: true })
  expect(other).toBeInstanceOf(WorkerError)
  expect(new Error('no')).not.toBeInstanceOf(WorkerError)
})

test('no details show the password of an address, in whatever they hold', () => {
  const address = 'amqp://app:Pa55word@rabbit/v'
  const cause = new Error('kept')
  const { details } = new WorkerError({
    code: 'ITEM_INVALID',
    message: 'The item does not match.',
    details: {
      queue: 'job1',
      messageId: address,
      paths: ['a', address],
      nested: { list: [{ address }] },
      cause,
    } as never,
  })
  expect(JSON.stringify(details)).not.toContain('Pa55word')
  expect(details).toEqual({
    queue: 'job1',
    messageId: 'amqp://***@rabbit/v',
    paths: ['a', 'amqp://***@rabbit/v'],
    nested: { list: [{ address: 'amqp://***@rabbit/v' }] },
    cause,
  })
})
