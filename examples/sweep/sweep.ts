import { type RunJobOptions, runJob } from '@podqueue/k8s'
import { createProducer } from '@podqueue/producer'

export type ParameterSet = { readonly rate: number; readonly momentum: number }

/** Scores each set in the pods of a Job. Returns the scores in the order of the sets, and the failures with their reason. */
export async function sweep(sets: ParameterSet[], image: string, podUrl: string, options: RunJobOptions = {}) {
  const name = `sweep-${crypto.randomUUID().slice(0, 8)}`
  const producer = createProducer()
  const queue = producer.queue(name)
  const batch = await queue.enqueue(sets, { results: true })
  try {
    const job = { name, image, items: batch.confirmed, itemsPerPod: 'all', parallelism: 4, queue: { podUrl } } as const
    await runJob(job, { ...options, queue, deadLettered: 'report' })
    const scores: (number | undefined)[] = sets.map(() => undefined)
    const failures: { index: number; reason: string }[] = []
    for await (const item of queue.collectResults(batch)) {
      if (item.status === 'done') scores[item.index] = Number(item.value)
      else failures.push({ index: item.index, reason: item.reason })
    }
    return { scores, failures }
  } finally {
    await Promise.all([queue.deleteBatch(batch), queue.delete({ discardItems: true })])
    await producer.close()
  }
}
