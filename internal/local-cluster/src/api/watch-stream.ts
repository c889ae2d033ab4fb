import type { IncomingMessage, ServerResponse } from 'node:http'
import { gone } from '../answers/status-error.ts'
import type { KubeObject } from '../objects/objects.ts'
import { groupVersion } from '../store/resource-types.ts'
import type { Change, Store } from '../store/store.ts'
import { checkVersion, isTrue, parseVersion, wholeNumber } from './request/request-options.ts'
import type { RequestTarget } from './request/request-target.ts'
import { selectorOf } from './request/selectors.ts'
import { rowObjectOf, tableOf } from './table/table.ts'

const BOOKMARK_MS = 60_000
/** Without `timeoutSeconds` a watch lasts this long to twice as long, as in Kubernetes. */
const DEFAULT_TIMEOUT_S = 1800
/** A client with this many unread bytes is disconnected. It lists again. */
const MAX_BEHIND = 16 * 1024 * 1024

/** Answers a watch: the objects, when the client asks for them, then every change until the time is over or the client ends it. */
export function watch(
  store: Store,
  target: RequestTarget,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
  table: boolean,
): void {
  const { type, namespace, name } = target
  const selected = selectorOf(type, query)
  const matches = (object: KubeObject | undefined): boolean =>
    object !== undefined &&
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    selected(object)
  const from = parseVersion(query.get('resourceVersion'))
  const timeoutSeconds = wholeNumber(query, 'timeoutSeconds')
  checkVersion(from ?? 0, store.version)
  const bookmarks = isTrue(query.get('allowWatchBookmarks'))

  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
  const send = (event: { type: string; object: unknown }) => {
    response.write(`${JSON.stringify(event)}\n`)
    if (response.writableLength > MAX_BEHIND) request.socket.destroy()
  }
  const include = rowObjectOf(query)
  const shown = (object: KubeObject) => (table ? tableOf(type, [object], object.metadata, include) : object)
  const pass = (change: Change) => {
    if (change.resource !== type) return
    const now = matches(change.object)
    const before = matches(change.previous)
    if (change.type !== 'DELETED' && now) {
      send({ type: before ? 'MODIFIED' : 'ADDED', object: shown(change.object) })
    } else if (before && change.previous) {
      // Deleted, or it does not match any more. As in Kubernetes: the object as it matched, with the version of the change.
      send({ type: 'DELETED', object: shown(withVersion(change.previous, change.version)) })
    }
  }
  const bookmark = (initial = false) => {
    if (!bookmarks) return
    const annotations = initial ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
    const metadata = { resourceVersion: String(store.version), ...annotations }
    send({ type: 'BOOKMARK', object: { kind: type.kind, apiVersion: groupVersion(type), metadata } })
  }

  if (from === undefined || from === 0) {
    for (const object of store.list(type, namespace))
      if (matches(object)) send({ type: 'ADDED', object: shown(object) })
    if (from === undefined || isTrue(query.get('sendInitialEvents'))) bookmark(true)
  } else {
    const missed = store.since(type, from)
    if (!missed) {
      send({ type: 'ERROR', object: gone(from, store.version).status })
      response.end()
      return
    }
    for (const change of missed) pass(change)
  }
  // A client waits for the headers, also when there is no event to send yet.
  response.flushHeaders()
  const stop = store.onChange(pass)
  const ticking = setInterval(() => bookmark(), BOOKMARK_MS)
  const seconds = timeoutSeconds || DEFAULT_TIMEOUT_S * (1 + Math.random())
  const timeout = setTimeout(
    () => {
      bookmark()
      response.end()
    },
    Math.min(seconds * 1000, 2 ** 31 - 1),
  )
  response.once('close', () => {
    stop()
    clearInterval(ticking)
    clearTimeout(timeout)
  })
}

function withVersion(object: KubeObject, version: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
}
