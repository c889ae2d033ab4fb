import { CREDENTIAL_VARIABLES, ENV } from '@internal/contract'
import type { Item } from '../item/item.ts'

/** Variables of the worker that its program does not get: the broker's credentials, and the worker's own last words. */
const NOT_PASSED: ReadonlySet<string> = new Set([...CREDENTIAL_VARIABLES, ENV.terminationLog])

/** The environment of the program: the worker's own, without the broker's credentials, and with the metadata of its item. */
export function programEnvironment(item: Item, environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const inherited = Object.entries(environment).filter(([name]) => !NOT_PASSED.has(name))
  const { queue, redelivered, id, contentType, deliveryCount, headers } = item
  const metadata = Object.entries({
    ITEM_QUEUE: queue,
    ITEM_REDELIVERED: redelivered,
    ITEM_ID: id,
    ITEM_CONTENT_TYPE: contentType,
    ITEM_DELIVERY_COUNT: deliveryCount,
    ...traceContext(headers),
  }).filter(([, value]) => value !== undefined && canBeVariable(String(value)))
  return Object.fromEntries([...inherited, ...metadata.map(([name, value]) => [name, String(value)])])
}

/** AMQP allows any bytes in a property. With a NUL in a variable, no program can be started. */
function canBeVariable(value: string): boolean {
  return !value.includes('\0')
}

/** Version, trace id, parent id, flags (https://www.w3.org/TR/trace-context/#traceparent-header). */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** A list of keys with printable values, of 512 characters at most (https://www.w3.org/TR/trace-context/#tracestate-header). */
const TRACESTATE = /^(?=.{1,512}$)[\x20-\x7e\t]+$/

/** The trace of the publisher, for the program to continue. Only a valid one is passed on. */
function traceContext({ traceparent, tracestate }: Item['headers']): NodeJS.ProcessEnv {
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return {}
  const isValidState = typeof tracestate === 'string' && TRACESTATE.test(tracestate) && tracestate.includes('=')
  return { TRACEPARENT: traceparent, ...(isValidState ? { TRACESTATE: tracestate } : {}) }
}
