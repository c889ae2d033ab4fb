import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerHealth, BrokerWatch } from './broker.ts'
import type { Batch, Store } from './store.ts'

/** Changes that come faster are told together: a page cannot show more. */
const EVERY_MS = 250
/** Proxies close connections that are silent. */
const PING_MS = 15_000

/**
 * Server-sent events about the broker, and one batch, or the newest ones and all that change: first how they are, then each change. A reader
 * that is slow, or that connects again, gets how things are by then, and misses nothing that counts.
 */
export async function* liveBatches(
  store: Store,
  broker: BrokerWatch,
  about: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const changed = new Set(
    about === undefined
      ? store
          .list(50)
          .map(({ id }) => id)
          .reverse()
      : [about],
  )
  let wake = (): void => {}
  let told: BrokerHealth | undefined
  const stopBroker = broker.onChange(() => wake())
  const stop = store.onChange((id) => {
    if (about !== undefined && about !== id) return
    changed.add(id)
    wake()
  })
  signal.addEventListener('abort', () => wake())
  try {
    // At once, so that the answer begins also when there is no batch; it says how soon a page connects again.
    yield 'retry: 2000\n\n'
    while (!signal.aborted) {
      if (changed.size === 0 && told === broker.health) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve
        })
        const ping = setTimeout(() => wake(), PING_MS)
        await woken
        clearTimeout(ping)
      }
      const ids = [...changed]
      changed.clear()
      const frames = ids.map((id) => frameOf(id, store.batch(id)))
      if (told !== broker.health) frames.unshift(`event: broker\ndata: ${JSON.stringify(broker.health)}\n\n`)
      told = broker.health
      yield frames.length === 0 ? ': still here\n\n' : frames.join('')
      await sleep(EVERY_MS, undefined, { signal }).catch(() => {})
    }
  } finally {
    stop()
    stopBroker()
  }
}

function frameOf(id: string, batch: Batch | undefined): string {
  return batch === undefined
    ? `event: removed\ndata: ${JSON.stringify({ id })}\n\n`
    : `event: batch\ndata: ${JSON.stringify(batch)}\n\n`
}
