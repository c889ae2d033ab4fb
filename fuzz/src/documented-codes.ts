import { readFileSync } from 'node:fs'

/** The codes that docs/errors.md has an entry for. */
export const DOCUMENTED: ReadonlySet<string> = new Set(
  [...readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').matchAll(/^### (\w+)$/gm)].map(
    ([, code = '']) => code,
  ),
)
