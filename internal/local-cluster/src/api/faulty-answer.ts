import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gone, StatusError } from '../answers/status-error.ts'
import type { FaultAction, FaultRequest } from '../faults/faults.ts'
import type { Store } from '../store/store.ts'
import { isTrue } from './request/request-options.ts'
import type { RequestTarget } from './request/request-target.ts'
import type { RequestUrl } from './request/request-url.ts'

/** The time that a watch holds an event back to send it after the next one. */
const SWAP_MS = 100

/** The fields of a request that a fault can match. Undefined for a request about no object. */
export function faultRequestOf(
  method: string,
  target: RequestTarget | undefined,
  { names, query }: RequestUrl,
): FaultRequest | undefined {
  if (target === undefined) return method === 'POST' ? { verb: 'create', resource: names.at(-1) ?? '' } : undefined
  const { type, name, subresource } = target
  const resource = subresource === undefined ? type.plural : `${type.plural}/${subresource}`
  const watches = isTrue(query.get('watch'))
  const reading = watches ? 'watch' : name === undefined ? 'list' : 'get'
  const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
  return { verb: verbs[method] ?? reading, resource, name }
}

/** Applies a fault to a request. Returns whether the request is to be answered. */
export async function suffer(
  action: FaultAction,
  { store, request, response }: { store: Store; request: IncomingMessage; response: ServerResponse },
): Promise<boolean> {
  if ('status' in action) {
    const { status, retryAfterSeconds } = action
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds))
    throw new StatusError(status, 'Injected', `a fault of the local cluster: ${status}`)
  }
  if ('delayMs' in action) await sleep(action.delayMs)
  if ('dropHistory' in action) store.dropHistory()
  if ('reset' in action) {
    if (action.reset === 'before') {
      request.socket.destroy()
      return false
    }
    // The request is handled, and its answer is lost.
    response.end = (() => request.socket.destroy()) as unknown as ServerResponse['end']
  }
  if ('watch' in action) spoilWatch(action, store, request, response)
  return true
}

function spoilWatch(
  { watch: how, afterEvents = 0 }: Extract<FaultAction, { watch: string }>,
  store: Store,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const write = response.write.bind(response) as (chunk: string) => boolean
  let sent = 0
  let held: { chunk: string; timer: NodeJS.Timeout } | undefined
  const release = (): void => {
    if (held === undefined) return
    clearTimeout(held.timer)
    write(held.chunk)
    held = undefined
  }
  const strike = (): void => {
    if (how === 'cut') request.socket.destroy()
    if (how === 'expire') {
      write(`${JSON.stringify({ type: 'ERROR', object: gone(0, store.version).status })}\n`)
      response.end()
    }
  }
  const pass = (chunk: string): boolean => {
    if (sent++ < afterEvents) return write(chunk)
    if (how === 'silence') return true
    if (how === 'repeat') {
      write(chunk)
      return write(chunk)
    }
    if (how === 'swap') {
      if (held === undefined) held = { chunk, timer: setTimeout(release, SWAP_MS) }
      else {
        write(chunk)
        release()
      }
      return true
    }
    strike()
    return true
  }
  response.write = pass as ServerResponse['write']
  if (afterEvents === 0 && (how === 'cut' || how === 'expire')) setImmediate(strike)
  response.once('close', () => clearTimeout(held?.timer))
}
