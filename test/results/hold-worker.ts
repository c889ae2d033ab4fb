/** Does items until the queue is empty, and tells its parent of each that it begins. With `HOLD` it holds the item until it has to end. */
import { once } from 'node:events'
import { runWorker } from '@podqueue/worker'

await runWorker(
  async (item, { signal }) => {
    process.send?.('begun')
    if (process.env.HOLD !== undefined) {
      await once(signal, 'abort')
      signal.throwIfAborted()
    }
    return `${item.text()} is done`
  },
  { items: 'all', emptyCheckDelayMs: 200 },
)
