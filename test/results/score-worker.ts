/** Scores items until the queue is empty; cannot score those that are poison. */
import { runWorker } from '@podqueue/worker'

await runWorker(
  (item) => {
    const { value, poison } = item.json() as { readonly value: number; readonly poison: boolean }
    if (poison) throw new Error(`It cannot score ${value}.`)
    return { score: value * 2 }
  },
  { items: 'all', emptyCheckDelayMs: 500, maxConsecutiveFailures: 100 },
)
