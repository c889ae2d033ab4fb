/** Milliseconds on a clock that never jumps, like `performance.now()`, whose first use loads a part of Node for 3 ms. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
