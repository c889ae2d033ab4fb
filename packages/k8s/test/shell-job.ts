import type { JobSpec } from '../src/index.ts'

/** A Job named `work` whose pods run a shell script, on an image that the cluster has. */
export function shellJob(changes: Partial<JobSpec> & { readonly script?: string }): JobSpec {
  const { script = 'true', ...rest } = changes
  return {
    name: 'work',
    image: 'debian:bookworm-slim',
    imagePullPolicy: 'IfNotPresent',
    command: ['bash', '-c', script],
    items: 1,
    queue: { name: 'job1', podUrl: 'amqp://user:pass-geheim@rabbitmq-service:5672' },
    ...rest,
  }
}

/** Runs until it is told to end, and then ends well. */
export const UNTIL_TERM = 'trap exit TERM; sleep 600 & wait'
