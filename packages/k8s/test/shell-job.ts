import type { JobSpec } from '../src/index.ts'
import type { TestNamespace } from './namespace.ts'

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

/** The name of a ConfigMap that a test makes when pods that start from then on are to end by themselves. */
const LET_GO = 'let-go'

/** A Job whose pods run until they are told to end, and end at once when they start after {@link letGo}. */
export const HELD: Pick<JobSpec, 'env'> & { readonly script: string } = {
  env: { LET_GO: { configMapKeyRef: { name: LET_GO, key: 'go', optional: true } } },
  script: 'test -n "$LET_GO" || { trap "exit 143" TERM; sleep 600 & wait; }',
}

/** Lets the pods that start from now on end by themselves. */
export async function letGo({ name: namespace, core }: TestNamespace): Promise<void> {
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: LET_GO }, data: { go: 'yes' } } })
}

/** Runs until it is told to end, and then ends well. */
export const UNTIL_TERM = 'trap exit TERM; sleep 600 & wait'
