import type { ParameterSet } from './sweep.ts'

/** 500 sets: 25 rates, each with 20 momenta. Some of the largest rates find no minimum. */
export const SETS: ParameterSet[] = Array.from({ length: 500 }, (_, index) => ({
  rate: (1 + (index % 25)) / 20,
  momentum: Math.floor(index / 25) / 20,
}))
