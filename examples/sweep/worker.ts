import { DeadLetterError, runWorker } from '@podqueue/worker'
import type { ParameterSet } from './sweep.ts'

// The score of a set: the steps that gradient descent with momentum takes to the minimum of x².
await runWorker((item) => {
  const { rate, momentum } = item.json() as ParameterSet
  for (let step = 1, x = 1, velocity = 0; step <= 1_000; step++) {
    velocity = momentum * velocity - rate * 2 * x
    x += velocity
    if (Math.abs(x) + Math.abs(velocity) < 1e-6) return step
  }
  throw new DeadLetterError('It does not find the minimum within 1000 steps.')
})
