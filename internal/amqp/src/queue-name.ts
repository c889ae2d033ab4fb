import { queueNameProblem } from '@internal/contract'
import type { Problems } from '@internal/options'

/** Adds the problem with the name of a call's queue, if there is one. */
export function checkQueueName(problems: Problems, name: unknown): void {
  const problem = queueNameProblem(name)
  if (problem !== undefined) problems.add('queue', problem)
}
