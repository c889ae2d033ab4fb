/** One way to do the same work. `run` does it once and says how well: a rate, or a duration. */
export interface Contestant {
  readonly name: string
  readonly run: () => Promise<number>
}

/** How contestants compared: the median of each, and its ratio to that of the first. */
export interface Standing {
  readonly name: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly ratio: number
}

/**
 * Runs all contestants in turn, round by round, so that a machine whose speed drifts treats them alike. The order turns by
 * one each round. A first round warms up and does not count.
 */
export async function interleave(contestants: readonly Contestant[], rounds = 5): Promise<Standing[]> {
  const results = new Map(contestants.map(({ name }) => [name, [] as number[]]))
  for (let round = 0; round <= rounds; round++) {
    const turn = round % contestants.length
    for (const { name, run } of [...contestants.slice(turn), ...contestants.slice(0, turn)]) {
      const result = await run()
      if (round > 0) results.get(name)?.push(result)
    }
  }
  const first = median(results.get(contestants[0]?.name ?? '') ?? [])
  return contestants.map(({ name }) => {
    const all = results.get(name) ?? []
    return { name, median: median(all), min: Math.min(...all), max: Math.max(...all), ratio: median(all) / first }
  })
}

/** Prints standings as a table. */
export function printStandings(title: string, unit: string, standings: readonly Standing[]): void {
  const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1))
  const width = Math.max(...standings.map(({ name }) => name.length))
  process.stdout.write(`\n${title} (${unit}: median, min–max; ratio to ${standings[0]?.name})\n`)
  for (const { name, median, min, max, ratio } of standings) {
    const range = `${number(min)}–${number(max)}`
    process.stdout.write(
      `  ${name.padEnd(width)}  ${number(median).padStart(8)}  ${range.padStart(17)}  ${ratio.toFixed(2)}×\n`,
    )
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  return (low + high) / 2
}
