import { ENV } from '@internal/contract'
import { WorkerError } from '../errors.ts'

/**
 * Refuses to take one item where the Job counts on more items from each of its pods: the Job would end with items left.
 *
 * @throws {WorkerError} `INVALID_OPTIONS` when `PODQUEUE_ITEMS` asks for more than one item
 */
export function refuseSeveralItems(environment: NodeJS.ProcessEnv = process.env): void {
  const items = environment[ENV.items]
  if (items === undefined || items === '' || items === '1') return
  throw new WorkerError({
    code: 'INVALID_OPTIONS',
    message: `consumeOne takes one item, and ${ENV.items} asks for '${items}'.`,
    hint: 'Leave itemsPerPod of the Job at 1, or call consumeMany or runWorker.',
    details: { problems: [{ path: ENV.items, message: 'must be 1 for consumeOne' }] },
  })
}
