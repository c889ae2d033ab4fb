import { parseBrokerAddress, queueNameProblem } from '@internal/contract'
import fc from 'fast-check'
import { BrokenPromise } from '../broken-promise.ts'
import { call } from '../call.ts'
import { PASSWORD, secretIn } from '../secrets.ts'
import type { Target } from '../target.ts'

const part = fc.oneof(
  fc.constantFrom(
    '',
    '/',
    '@',
    ':',
    '%',
    '%2F',
    '%zz',
    '?',
    '#',
    '[::1]',
    '..',
    ' ',
    '\0',
    'é',
    '\ud800',
    'heartbeat=5',
    '\x1b[2J',
  ),
  fc.string({ maxLength: 12 }),
)
const address = fc
  .record({
    scheme: fc.constantFrom('amqp://', 'amqps://', 'amqp:', 'http://', 'AMQP://', '', '//'),
    user: fc.oneof(fc.constant('app'), part),
    before: part,
    after: part,
    separator: fc.constantFrom('@', '@', '@', '', '%40'),
    host: fc.oneof(fc.constantFrom('rabbit', 'rabbit:5672', '[::1]:5672', 'rabbit:99999', 'rabbit:x'), part),
    rest: fc.oneof(fc.constant(''), fc.constantFrom('/', '/v', '/%2F', '/a/b', '?heartbeat=5', '?x=1', '#x'), part),
  })
  .map(
    ({ scheme, user, before, after, separator, host, rest }) =>
      `${scheme}${user}:${before}${PASSWORD}${after}${separator}${host}${rest}`,
  )

/** Addresses of every kind of brokenness, each with a password. */
export const addresses: Target = {
  name: 'addresses',
  runs: 2_000,
  property: fc.asyncProperty(address, async (url) => {
    const parsed = await call('parseBrokerAddress', [url], parseBrokerAddress)
    const shown =
      typeof parsed === 'object' && parsed !== null && 'shown' in parsed ? parsed.shown : JSON.stringify(parsed)
    const secret = secretIn(String(shown))
    if (secret !== undefined && url.lastIndexOf('@') > url.indexOf(PASSWORD)) {
      throw new BrokenPromise(`an address is shown with its password: ${secret}`)
    }
  }),
}

/** Queue names of every kind. */
export const queueNames: Target = {
  name: 'queue names',
  runs: 500,
  property: fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.anything()), async (name) => {
    const problem = await call('queueNameProblem', [name], queueNameProblem)
    if (problem !== undefined && typeof problem !== 'string') throw new BrokenPromise('a problem is no sentence')
  }),
}
