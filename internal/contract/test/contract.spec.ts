import { expect, test } from 'vitest'
import { EXIT, isReservedVariable, LASTING_EXIT_CODES, parseBrokerAddress, queueNameProblem } from '../src/index.ts'

test('the problem with an address never repeats any of the address', () => {
  for (const address of [
    'http://app:s3cret@h',
    'amqp://app:s3/cret@h',
    'amqp://app:s3%cret@h',
    'amqp://h?s3cret=1',
    'amqp://app:s3cret@h:port',
    's3cret',
  ]) {
    const parsed = parseBrokerAddress(address)
    expect(parsed).toHaveProperty('problem')
    expect(JSON.stringify(parsed)).not.toMatch(/s3|cret/)
  }
})

test('an address is parsed into decoded parts, and is shown without its credentials', () => {
  expect(parseBrokerAddress('amqps://app:p%40ss@rabbit/a%2Fb?heartbeat=5')).toEqual({
    tls: true,
    hostname: 'rabbit',
    port: 5671,
    username: 'app',
    password: 'p@ss',
    vhost: 'a/b',
    heartbeat: 5,
    shown: 'amqps://rabbit:5671/a%2Fb',
  })
})

test("a queue's name leaves room for that of its dead-letter queue", () => {
  expect(queueNameProblem('q'.repeat(250))).toBeUndefined()
  expect(queueNameProblem('é'.repeat(126))).toContain('it has 252')
  expect(queueNameProblem('amq.x')).toContain("'amq.'")
  expect(queueNameProblem(7)).toContain('non-empty string')
  expect(queueNameProblem('amqp://app:s3cret@rabbit')).toBe('must be the name of a queue, not an address')
})

test('lasting exit codes are those that the next pod would end with too', () => {
  expect(LASTING_EXIT_CODES).toEqual([64, 77, 78])
  expect(LASTING_EXIT_CODES).not.toContain(EXIT.unavailable)
})

test('an app may not set the variables that podqueue sets, and may set all others', () => {
  expect(['BROKER_URL', 'QUEUE', 'PODQUEUE_ANYTHING'].map(isReservedVariable)).toEqual([true, true, true])
  expect(['QUEUES', 'HOME'].map(isReservedVariable)).toEqual([false, false])
})
