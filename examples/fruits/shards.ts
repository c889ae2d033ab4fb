import type { JobClient, JobResult, JobSpec } from '@podqueue/k8s'
import type { Producer } from '@podqueue/producer'

/** The spec of each shard's Job, less the parts that differ. */
export type ShardSpec = Omit<JobSpec, 'name' | 'items' | 'queue'> & {
  /** The shards' queues and Jobs are named `<name>-<shard>`. */
  readonly name: string
  /** The broker's address as the pods reach it. */
  readonly podUrl: string
}

/** Runs one batch over several queues and Jobs, at the same time. Resolves when every item of every shard is done. */
export async function runShards(
  items: readonly string[],
  shards: number,
  { name, podUrl, ...spec }: ShardSpec,
  { producer, jobs }: { readonly producer: Producer; readonly jobs: JobClient },
): Promise<JobResult[]> {
  const share = Math.ceil(items.length / shards)
  const runs = Array.from({ length: shards }, async (_, shard) => {
    const queue = producer.queue(`${name}-${shard}`)
    const { confirmed } = await queue.enqueue(items.slice(shard * share, (shard + 1) * share))
    return jobs.runJob({ ...spec, name: queue.name, items: confirmed, queue: { podUrl } }, { queue })
  })
  return Promise.all(runs)
}
