import { setTimeout as sleep } from 'node:timers/promises'
import { DeadLetterError, runWorker } from '@podqueue/worker'
import { isTraced } from './otlp-settings.ts'

// A pod without traces starts sooner.
if (isTraced) await Promise.all([import('./otlp.ts'), import('@podqueue/worker/otel/register')])

/** How long each item pretends to take, milliseconds: for looking at the page. */
const WORK_MS = Number(process.env.WORK_MS ?? 0)

/** A broker that is away is waited for: a pod that fails meanwhile only makes work for the cluster. */
const reconnectForMs = 24 * 3_600_000

// An item can come twice. Counting words twice comes to the same.
await runWorker(
  async (item, { signal }) => {
    const text = item.text()
    await sleep(WORK_MS, undefined, { signal })
    const words = text.match(/[\p{L}\p{N}'’-]+/gu) ?? []
    if (words.length === 0) throw new DeadLetterError('There is no word in this text.')
    const longest = words.reduce((one, other) => (other.length > one.length ? other : one))
    return { words: words.length, longest }
  },
  { reconnectForMs },
)
