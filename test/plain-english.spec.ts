import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = execFileSync('git', ['ls-files', '*.md', '*.ts'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((path) => path !== 'test/plain-english.spec.ts' && existsSync(`${root}/${path}`))

/** Sentences that a reader whose first language is not English has to read twice. */
const HARD: Readonly<Record<string, RegExp>> = {
  'a sentence whose subject is a clause with what or who': /(?:^|[.:!|*/] )(?:What|Who|Whoever|Whatever) [a-z]/,
  'so many, so long': /\bso (?:many|long)\b/i,
  'that is none': /\b(?:that|which|it) is none\b/i,
  'for who': /\bfor who\b/i,
  'whose business': /\b(?:whose|nobody's) business\b/i,
}

/** The sentences of a line that people read: all of a document, the comments and test names of a source. */
function prose(path: string, line: string): string {
  if (path.endsWith('.md')) return line
  return /^\s*(?:\/?\*\*?|\/\/)/.test(line) || /^\s*(?:test|it|describe)(?:\.\w+)*\(/.test(line) ? line : ''
}

test.each(Object.entries(HARD))('documents, comments and test names have no "%s"', (_, hard) => {
  const found = files.flatMap((path) => {
    const lines = readFileSync(`${root}/${path}`, 'utf8').split('\n')
    return lines.flatMap((line, index) => (hard.test(prose(path, line)) ? [`${path}:${index + 1} ${line.trim()}`] : []))
  })
  expect(found).toEqual([])
})

test('the sentences that it looks for are found', () => {
  const [headless, many] = Object.values(HARD)
  expect('/** What a lost connection publishes twice is little. */').toMatch(headless as RegExp)
  expect('It ends. Who waits connects again.').toMatch(headless as RegExp)
  expect('publishes so many of them').toMatch(many as RegExp)
})
