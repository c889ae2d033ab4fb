import { CREDENTIAL_VARIABLES } from '@internal/contract'
import type { Item } from '../item/item.ts'

/** The environment of the program: the worker's own, without the broker's credentials, and with the metadata of its item. */
export function programEnvironment(item: Item, environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const inherited = Object.fromEntries(
    Object.entries(environment).filter(([name]) => !CREDENTIAL_VARIABLES.includes(name)),
  )
  return {
    ...inherited,
    ITEM_QUEUE: item.queue,
    ITEM_REDELIVERED: String(item.redelivered),
    ...traceContext(item.headers),
    ...(item.id === undefined ? {} : { ITEM_ID: item.id }),
    ...(item.contentType === undefined ? {} : { ITEM_CONTENT_TYPE: item.contentType }),
    ...(item.deliveryCount === undefined ? {} : { ITEM_DELIVERY_COUNT: String(item.deliveryCount) }),
  }
}

/** The trace that the publisher put into the headers, for the program to go on with (https://www.w3.org/TR/trace-context/). */
function traceContext({ traceparent, tracestate }: Item['headers']): NodeJS.ProcessEnv {
  const parent = String(traceparent)
  if (!/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/.test(parent)) return {}
  return { TRACEPARENT: parent, ...(typeof tracestate === 'string' ? { TRACESTATE: tracestate } : {}) }
}
