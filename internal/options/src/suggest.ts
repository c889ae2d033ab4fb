/** The end of a sentence about an unknown name, as git and npm say it: the nearest known name if one is near, else all. */
export function suggest(name: string, known: readonly string[]): string {
  // A name that is much longer than all others is near none of them, and would take long to compare.
  const [nearest] = (name.length > LONGEST ? [] : known)
    .map((candidate) => ({ candidate, edits: editsBetween(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= 3 && edits < candidate.length / 2)
    .toSorted((one, other) => one.edits - other.edits)
  return nearest === undefined ? `there are ${known.join(', ')}` : `did you mean ${nearest.candidate}?`
}

const LONGEST = 60

/** The number of letters to insert, delete or exchange to make one of the other (Levenshtein's distance). */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1]
    for (let at = 0; at < other.length; at++) {
      const exchanged = (row[at] ?? 0) + (letter === other[at] ? 0 : 1)
      next.push(Math.min(exchanged, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
