import type { V1Job } from '@kubernetes/client-node'
import type { JobSpec } from './job-spec.ts'

/**
 * A short hash of the work of a Job: two calls with the same hash want the same Job. The password of the
 * broker's address is left out: who may read a Job may not read Secrets, and could try passwords against the hash.
 */
export function specHash(job: V1Job, spec: JobSpec): string {
  const url = 'podUrl' in spec.queue ? new URL(spec.queue.podUrl) : undefined
  if (url !== undefined) url.password = ''
  const { labels, annotations } = job.metadata ?? {}
  const text = JSON.stringify(sorted({ labels, annotations, spec: job.spec, url: url?.href }))
  // Loaded here, since it takes longer than all of this package.
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
