import type { ParameterSet } from '../sweep.ts'

/** The scores of sets without podqueue: each computed here. Undefined where there is none. */
export function expectedScores(sets: readonly ParameterSet[]): (number | undefined)[] {
  return sets.map(({ rate, momentum }) => {
    let [x, velocity] = [1, 0]
    for (let step = 1; step <= 1_000; step++) {
      velocity = momentum * velocity - rate * 2 * x
      x += velocity
      if (Math.abs(x) + Math.abs(velocity) < 1e-6) return step
    }
    return undefined
  })
}

/** The places of the sets without a score. */
export function placesWithout(scores: readonly (number | undefined)[]): number[] {
  return scores.flatMap((score, index) => (score === undefined ? [index] : []))
}
