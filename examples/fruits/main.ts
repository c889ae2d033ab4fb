import { buildManifests, type JobSpec, type RunJobOptions, runJob, toYaml } from '@podqueue/k8s'
import type { QueueView } from '@podqueue/producer'

const FRUITS = ['apple', 'banana', 'cherry', 'date', 'fig', 'grape', 'lemon', 'melon']

/** The Job: a pod for each fruit, two at a time. `podUrl` is the broker's address as the pods reach it. */
export function fruitJob(image: string, queue: string, podUrl: string): JobSpec {
  return {
    name: 'job-wq-1',
    image,
    imagePullPolicy: 'IfNotPresent',
    items: FRUITS.length,
    parallelism: 2,
    queue: { name: queue, podUrl },
  }
}

/** Puts the fruits into the queue, runs the Job over them, and knows at the end that each was done. */
export async function processFruits(job: JobSpec, queue: QueueView, options: RunJobOptions) {
  await queue.enqueue(FRUITS)
  return await runJob(job, { ...options, queue })
}

/** The same Job as YAML for `kubectl apply -f -`. */
export function fruitYaml(job: JobSpec): string {
  const { job: manifest, secret } = buildManifests(job)
  return toYaml(secret, manifest)
}
