import { CREDENTIAL_VARIABLES, ENV } from '@internal/contract'
import { expect, test } from 'vitest'
import { programEnvironment } from '../src/command/program-environment.ts'
import { createTestItem } from '../src/testing.ts'

test.each([...CREDENTIAL_VARIABLES, ENV.terminationLog])(
  '%s, which belongs to the worker, is not passed to the program',
  (name) => {
    const environment = programEnvironment(createTestItem('a'), { [name]: 'secret', MINE: 'kept' })
    expect(environment).not.toHaveProperty(name)
    expect(environment).toMatchObject({ MINE: 'kept' })
  },
)

test.each([
  ['id', 'ITEM_ID'],
  ['contentType', 'ITEM_CONTENT_TYPE'],
])('an item whose %s holds a NUL is run without %s: no variable can hold one', (field, name) => {
  const environment = programEnvironment(createTestItem('a', { [field]: 'before\0after' }), {})
  expect(environment).not.toHaveProperty(name)
  expect(environment).toMatchObject({ ITEM_QUEUE: 'test' })
})

const TRACEPARENT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
const traced = (headers: Readonly<Record<string, unknown>>): NodeJS.ProcessEnv =>
  programEnvironment(createTestItem('a', { headers }), {})

test('a whole trace is passed on', () => {
  expect(traced({ traceparent: TRACEPARENT, tracestate: 'k=v,other@sys=1' })).toMatchObject({
    TRACEPARENT,
    TRACESTATE: 'k=v,other@sys=1',
  })
})

test.each([
  ['a line more', `${TRACEPARENT}\nEVIL=1`],
  ['a line break at its end', `${TRACEPARENT}\n`],
  ['something before it', ` ${TRACEPARENT}`],
  ['a NUL', `${TRACEPARENT}\0`],
  ['a version that is not allowed', `ff${TRACEPARENT.slice(2)}`],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`],
  ['capital letters', TRACEPARENT.toUpperCase()],
  ['a number', 7],
  ['bytes', Buffer.from(TRACEPARENT)],
])('a traceparent with %s is not passed on', (_, traceparent) => {
  expect(traced({ traceparent, tracestate: 'k=v' })).toEqual({ ITEM_QUEUE: 'test', ...ALWAYS })
})

test.each([
  ['a line more', 'k=v\nEVIL=1'],
  ['a NUL', 'k=v\0'],
  ['more than 512 characters', `k=${'v'.repeat(511)}`],
  ['no key', 'v'],
  ['a table', { k: 'v' }],
])('a tracestate with %s is not passed on, its traceparent is', (_, tracestate) => {
  expect(traced({ traceparent: TRACEPARENT, tracestate })).toEqual({ ITEM_QUEUE: 'test', TRACEPARENT, ...ALWAYS })
})

const ALWAYS = { ITEM_REDELIVERED: 'false', ITEM_CONTENT_TYPE: 'text/plain', ITEM_DELIVERY_COUNT: '1' }
