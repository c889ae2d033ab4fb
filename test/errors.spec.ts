import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/** The codes of a union of string literals, or the keys of an interface of details by code, read from their source. */
function codesIn(path: string): string[] {
  return [...read(path).matchAll(/^\s+\| '([A-Z_0-9]+)'|^ {2}(?:readonly )?([A-Z][A-Z_0-9]+): /gm)].map(
    ([, literal, key]) => literal ?? key ?? '',
  )
}

test('docs/errors.md has an entry for each code that an error can have, and for no other', () => {
  const sources = [
    'internal/amqp/src/fault-details.ts',
    ...['producer', 'worker', 'k8s'].map((name) => `packages/${name}/src/errors.ts`),
  ]
  const codes = new Set(sources.flatMap(codesIn))
  // Not in a union: it is thrown before any class of a package exists.
  for (const [, code = ''] of read('internal/node-version/src/for-library.ts').matchAll(/code: '(\w+)'/g))
    codes.add(code)
  expect(codes.size).toBeGreaterThan(30)
  const entries = [...read('docs/errors.md').matchAll(/^### (\w+)$/gm)].map(([, code]) => code)
  expect(entries.toSorted()).toEqual([...codes].toSorted())
})
