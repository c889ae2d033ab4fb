import { pause } from '@internal/async'
import { K8sError } from '../errors.ts'
import { isWatchEvent } from './answer-shape.ts'
import { ApiAnswer, toK8sError, unreachable } from './api-answer.ts'
import type { KubeList, KubeObject } from './api-objects.ts'
import { fullJitterMs } from './backoff.ts'
import type { KubeApi } from './kube-api.ts'
import { linesOf } from './lines.ts'

/** Bookmarks come about every minute: longer silence is a dead connection, not a quiet Job. */
export const SILENCE_MS = 90_000
/** A list at a turn's end when the last is older: should a stream ever leave something out, it is found then. */
const SAFETY_MS = 300_000
/** The last attempt has at least this time: with less it would only hide why the one before failed. */
const LAST_ATTEMPT_MS = 5000
/** An API server that answered before may refuse for this time, as while it starts (403), before that is believed. */
const REFUSED_GRACE_MS = 30_000

export interface WatchOptions {
  readonly resource: 'jobs' | 'pods'
  readonly namespace: string
  readonly path: string
  readonly fieldSelector?: string
  readonly labelSelector?: string
  /** The version at which the watch begins. Default: it begins with a list. */
  readonly resourceVersion?: string | undefined
  /** The time that the API server may be gone, milliseconds. */
  readonly unreachableMs: number
  /** The time without any event after which the watch is opened again, milliseconds. Default: {@link SILENCE_MS}. */
  readonly silenceMs?: number
  readonly signal: AbortSignal
  /** Told when the connection is back after it was lost. */
  readonly onReconnected?: (event: { readonly attempts: number; readonly reason: string }) => void
}

/** `listed` is all there is now; the others are what happened since. */
export type WatchEvent<Item> =
  | { readonly type: 'listed'; readonly items: readonly Item[] }
  | { readonly type: 'changed' | 'deleted'; readonly item: Item }

/**
 * Watches objects until the signal is aborted, whatever becomes of the connection: a turn that ends goes on from the
 * last resource version; one that breaks or falls silent after a pause; a version that the server has forgotten (410) from
 * a new list. client-node's Watch and ListWatch do not do that: the one ends with its connection and swallows errors, the
 * other drops ERROR events and asks for no bookmarks (2.0.1, watch.js and cache.js).
 *
 * @throws {K8sError} for what does not heal, and `API_UNREACHABLE` after `unreachableMs`.
 */
export async function* watch<Item extends KubeObject>(
  api: KubeApi,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<Item>, void, undefined> {
  const { signal } = options
  const state = { version: options.resourceVersion, listedAt: performance.now(), heard: false }
  let failures = 0
  let failingSince: number | undefined
  let reason = ''
  while (true) {
    signal.throwIfAborted()
    try {
      if (state.version === undefined || performance.now() - state.listedAt > SAFETY_MS) {
        const failedForMs = failingSince === undefined ? 0 : performance.now() - failingSince
        const withinMs = Math.max(LAST_ATTEMPT_MS, options.unreachableMs - failedForMs)
        const items = await list<Item>(api, options, { state, withinMs })
        failingSince = undefined
        yield { type: 'listed', items }
      }
      for await (const event of turn<Item>(api, options, state)) {
        if (failures > 0) options.onReconnected?.({ attempts: failures, reason })
        failures = 0
        // A connection alone proves little: a server that sends nothing but rubbish opens each of them.
        if (event === 'opened') continue
        failingSince = undefined
        if (event !== 'bookmark') yield event
      }
      failingSince = undefined
      await pause(Math.random() * 1000, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ApiAnswer && error.code === 410) {
        state.version = undefined
        continue
      }
      failures++
      failingSince ??= performance.now()
      const failingMs = performance.now() - failingSince
      if (!healing(error, { failures, failingMs, heard: state.heard, unreachableMs: options.unreachableMs })) {
        throw lastWord(api, error, options)
      }
      if (error instanceof ApiAnswer && error.code === 401) api.renewCredentials()
      reason = api.words(error)
      const retryAfterMs = error instanceof ApiAnswer ? (error.retryAfterMs ?? 0) : 0
      const waitMs = Math.max(retryAfterMs, fullJitterMs(failures, { baseMs: 500, maxMs: 30_000 }))
      await pause(Math.min(waitMs, options.unreachableMs - failingMs), signal)
    }
  }
}

interface WatchState {
  version: string | undefined
  listedAt: number
  heard: boolean
}

async function list<Item extends KubeObject>(
  api: KubeApi,
  options: WatchOptions,
  { state, withinMs }: { readonly state: WatchState; readonly withinMs: number },
): Promise<readonly Item[]> {
  const { resource, namespace, path, fieldSelector, labelSelector, signal } = options
  const query = { fieldSelector, labelSelector }
  const answer = await api.request<KubeList<Item>>({ verb: 'list', resource, namespace, path, query, withinMs, signal })
  state.version = answer.metadata.resourceVersion
  state.listedAt = performance.now()
  state.heard = true
  return answer.items
}

/** One connection's worth of events: ends with it, throws when it broke or fell silent. */
async function* turn<Item extends KubeObject>(
  api: KubeApi,
  options: WatchOptions,
  state: WatchState,
): AsyncGenerator<WatchEvent<Item> | 'opened' | 'bookmark', void, undefined> {
  const { resource, namespace, path, fieldSelector, labelSelector, signal, silenceMs = SILENCE_MS } = options
  const silence = new AbortController()
  const watchdog = setTimeout(() => silence.abort(new Error(`nothing came for ${silenceMs / 1000} s`)), silenceMs)
  const timeoutSeconds = 240 + Math.floor(Math.random() * 120)
  const query = {
    watch: true,
    allowWatchBookmarks: true,
    timeoutSeconds,
    resourceVersion: state.version,
    fieldSelector,
    labelSelector,
  }
  try {
    const both = AbortSignal.any([signal, silence.signal])
    const stream = await api.stream({ verb: 'watch', resource, namespace, path, query, signal: both })
    state.heard = true
    yield 'opened'
    for await (const line of linesOf(stream)) {
      watchdog.refresh()
      if (line === '') continue
      const event = parseEvent(api, line, options)
      if (event.type === 'ERROR') throw errorOf(api, event.object, options)
      const item = event.object as unknown as Item
      state.version = item.metadata.resourceVersion
      if (event.type === 'BOOKMARK') {
        yield 'bookmark'
        continue
      }
      yield { type: event.type === 'DELETED' ? 'deleted' : 'changed', item }
    }
  } catch (error) {
    silence.signal.throwIfAborted()
    throw error
  } finally {
    clearTimeout(watchdog)
    silence.abort() // ends the connection also when the events are no longer wanted
  }
}

function parseEvent(
  api: KubeApi,
  line: string,
  { resource, namespace }: WatchOptions,
): { readonly type: string; readonly object: Readonly<Record<string, unknown>> } {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    event = undefined
  }
  if (!isWatchEvent(event)) throw api.notKubernetes({ verb: 'watch', resource, namespace }, line)
  return event
}

function errorOf(
  api: KubeApi,
  status: Readonly<Record<string, unknown>>,
  { resource, namespace }: WatchOptions,
): ApiAnswer {
  return new ApiAnswer({
    code: typeof status.code === 'number' ? status.code : 500,
    body: api.withoutCredentials(JSON.stringify(status)),
    wanted: { verb: 'watch', resource, namespace },
  })
}

/** Whether a failed turn is worth another. */
function healing(
  error: unknown,
  now: { failures: number; failingMs: number; heard: boolean; unreachableMs: number },
): boolean {
  if (error instanceof ApiAnswer) {
    if (error.code === 401) return now.failures < 3 || (now.heard && now.failingMs < REFUSED_GRACE_MS)
    if (error.code === 403) return now.heard && now.failingMs < REFUSED_GRACE_MS
    if (!error.passing) return false
  } else if (error instanceof K8sError && !error.retryable) {
    return false
  }
  return now.failingMs < now.unreachableMs
}

function lastWord(api: KubeApi, error: unknown, { resource, namespace }: WatchOptions): unknown {
  if (error instanceof ApiAnswer) return toK8sError(error)
  if (error instanceof K8sError) return error
  const why = api.words(error)
  return unreachable(`The watch of ${resource} in namespace ${namespace} broke again and again: ${why}`, {}, undefined)
}
