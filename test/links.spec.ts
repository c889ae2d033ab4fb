import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const documents = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.md', '.github/**/*.yml'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
  .trim()
  .split('\n')
  .filter((path) => existsSync(join(root, path)))

/** Addresses of files in this repository, as a page on npm has them. */
const ON_GITHUB = /^https:\/\/github\.com\/podqueue\/podqueue\/(?:blob|tree)\/main\/(.*)$/
const RAW = /^https:\/\/raw\.githubusercontent\.com\/podqueue\/podqueue\/main\/(.*)$/

/** A text without its blocks of code, whose headings and links are none. */
const withoutCode = (text: string): string => text.replaceAll(/^```.*?^```$/gms, '')

/** The targets of links and images, and each address of this repository wherever it stands, in code too. */
function linksIn(text: string): string[] {
  const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  const addresses =
    text.match(/https:\/\/(?:github|raw\.githubusercontent)\.com\/podqueue\/podqueue\/[\w./#-]*[\w#]/g) ?? []
  return [...new Set([...links, ...addresses])]
}

/** The anchors that GitHub gives the headings of a document. */
function anchorsOf(path: string): string[] {
  const headings = [...withoutCode(readFileSync(path, 'utf8')).matchAll(/^#+ (.+)$/gm)].map(
    ([, heading = '']) => heading,
  )
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** The reason why a link of a document does not lead to something in this repository, or undefined. */
function problemOf(link: string, document: string): string | undefined {
  const [, there] = ON_GITHUB.exec(link) ?? RAW.exec(link) ?? []
  if (there === undefined && /^[a-z]+:/.test(link)) return undefined
  const [path = '', anchor] = (there ?? link).split('#')
  const file =
    there !== undefined ? join(root, path) : path === '' ? join(root, document) : resolve(root, dirname(document), path)
  if (!existsSync(file)) return `${document}: ${link}: there is no such file`
  if (anchor === undefined || (file.endsWith('.ts') && /^L\d+$/.test(anchor))) return undefined
  if (statSync(file).isDirectory() || !anchorsOf(file).includes(anchor))
    return `${document}: ${link}: there is no such heading`
  return undefined
}

test('every link of every document leads to a file and a heading that are there, also where it is an address of the repository', () => {
  const problems = documents.flatMap((document) =>
    linksIn(readFileSync(join(root, document), 'utf8')).flatMap((link) => problemOf(link, document) ?? []),
  )
  expect(problems).toEqual([])
})

test.each(['producer', 'worker', 'k8s'])(
  'the README of %s has whole addresses only: npm shows it without the repository',
  (name) => {
    const links = linksIn(readFileSync(join(root, 'packages', name, 'README.md'), 'utf8'))
    expect(links.some((link) => ON_GITHUB.test(link))).toBe(true)
    expect(links.filter((link) => !/^(https:\/\/|#)/.test(link))).toEqual([])
  },
)

test('a link is found, and a wrong one is told', () => {
  expect(linksIn('See [this](docs/a.md#b), `https://github.com/podqueue/podqueue/tree/main/bench`.')).toEqual([
    'docs/a.md#b',
    'https://github.com/podqueue/podqueue/tree/main/bench',
  ])
  expect(problemOf('docs/no-such.md', 'README.md')).toMatch(/no such file$/)
  expect(problemOf('docs/errors.md#no-such', 'README.md')).toMatch(/no such heading$/)
  expect(problemOf('https://github.com/podqueue/podqueue/blob/main/no-such.md', 'README.md')).toMatch(/no such file$/)
})
