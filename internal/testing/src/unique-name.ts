import { randomBytes } from 'node:crypto'

/** A name that no other test, run or machine uses: `prefix` and some random characters that suit queues and Kubernetes. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`
}
