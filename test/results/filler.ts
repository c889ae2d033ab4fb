/** Enqueues numbers as a batch with results and a journal. Reads up to `HOLD_AT`, then says so and waits to be killed. */
import { enqueue } from '@podqueue/producer'

const { QUEUE = '', JOURNAL = '', HOLD_AT, COUNT } = process.env

async function* numbers(): AsyncGenerator<number> {
  for (let index = 0; index < Number(COUNT); index++) {
    if (index === Number(HOLD_AT)) {
      process.send?.('holding')
      await new Promise(() => setInterval(() => {}, 1_000))
    }
    yield index
  }
}

await enqueue(QUEUE, numbers(), { results: true, journal: JOURNAL })
