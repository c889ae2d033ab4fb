/**
 * A plugin of TypeDoc that lets the documents of the repository be the pages of the site, unchanged: each has its own heading as its
 * title, each package its README, each diagram is a picture, and each link to a file leads to its page, or else to the file on GitHub.
 */
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { renderMermaidSVG } from 'beautiful-mermaid'
import {
  type Application,
  type CommentDisplayPart,
  type Context,
  Converter,
  type DocumentReflection,
  MinimalSourceFile,
  normalizePath,
  type ProjectReflection,
} from 'typedoc'
import { entries, root } from './entries.ts'

const GITHUB = 'https://github.com/podqueue/podqueue'

/** An address of a file in the repository, as READMEs on npm have it: the path, and the anchor. */
const FILE_ON_GITHUB = new RegExp(`${GITHUB}/(?:blob|tree)/main/([\\w./-]+)(#[\\w-]+)?`, 'g')

/** The group of a document in the navigation, by its folder. */
const GROUPS: Readonly<Record<string, string>> = { 'docs/guides': 'Guides', 'docs/decisions': 'Decisions' }

const PACKAGES = ['producer', 'worker', 'k8s']

export function load({ converter }: Application): void {
  converter.on(Converter.EVENT_CREATE_DOCUMENT, (_: undefined, document: DocumentReflection) => nameByHeading(document))
  converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }: Context) => {
    nameByImport(project)
    for (const name of PACKAGES) addReadme(converter, project, name)
    const pages = [...(project.documents ?? []), ...(project.children ?? [])]
    if (project.readme !== undefined) project.readme = forSite(withoutTitle(project.readme), project)
    for (const page of pages) {
      if (page.isDocument()) page.content = forSite(page.content, project)
      else if (page.readme !== undefined) page.readme = forSite(page.readme, project)
    }
  })
}

function nameByHeading(document: DocumentReflection): void {
  const [, title] = /^# (.+)\n/.exec(document.content.map(({ text }) => text).join('')) ?? []
  const path = relative(root, document.project.files.getReflectionPath(document) ?? '')
  if (title === undefined) throw new Error(`${path} does not begin with a heading`)
  document.name = title.replaceAll('`', '')
  document.frontmatter.group = GROUPS[path.replace(/\/[^/]+$/, '')] ?? 'Reference'
}

/** A module has the name by which an app imports it. */
function nameByImport(project: ProjectReflection): void {
  for (const [name, source] of entries()) {
    const module = project.children?.find(({ sources }) => sources?.[0]?.fullFileName === normalizePath(source))
    if (module === undefined) throw new Error(`${name} has no page`)
    module.name = name
  }
}

function addReadme(converter: Converter, project: ProjectReflection, name: string): void {
  const module = project.children?.find((child) => child.name === `@podqueue/${name}`)
  if (module === undefined) throw new Error(`@podqueue/${name} has no page`)
  const path = normalizePath(resolve(root, 'packages', name, 'README.md'))
  const file = new MinimalSourceFile(readFileSync(path, 'utf8').replace(/^# .+\n/, ''), path)
  module.readme = converter.parseRawComment(file, project.files).content
  project.files.registerReflectionPath(path, module)
}

/** The page of a project has its name as its heading already. */
function withoutTitle([first, ...others]: readonly CommentDisplayPart[]): CommentDisplayPart[] {
  if (first?.kind !== 'text') throw new Error('README.md does not begin with a heading')
  return [{ kind: 'text', text: first.text.replace(/^# .+\n/, '') }, ...others]
}

function forSite(parts: readonly CommentDisplayPart[], project: ProjectReflection): CommentDisplayPart[] {
  return parts.flatMap((part) => {
    if (part.kind === 'code') return [asPicture(part)]
    if (part.kind === 'text') return pagesInsteadOfFiles(part.text, project)
    if (part.kind !== 'relative-link' || part.target === undefined) return [part]
    const target = project.files.resolve(part.target, project)
    if (typeof target !== 'string' || /\.(?:svg|png)$/.test(target)) return [part]
    const anchor = part.targetAnchor === undefined ? '' : `#${part.targetAnchor}`
    return [{ kind: 'text', text: `${GITHUB}/blob/main/${relative(root, target)}${anchor}` }]
  })
}

/** A block of Mermaid as an image within the page: it needs no script, and its style stays its own. Other code is as it was. */
function asPicture(part: CommentDisplayPart): CommentDisplayPart {
  const [, diagram] = /^```mermaid\n(.*)```$/s.exec(part.text) ?? []
  if (diagram === undefined) return part
  const svg = renderMermaidSVG(diagram, { bg: '#ffffff', fg: '#222222' }).replace(/@import url\([^)]*\);/, '')
  const address = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`
  return { kind: 'text', text: `<img alt="A diagram: the text after it says the same" src="${address}">` }
}

/** The text with each address of a file that has a page of this site replaced by a link to that page. */
function pagesInsteadOfFiles(text: string, project: ProjectReflection): CommentDisplayPart[] {
  const parts: CommentDisplayPart[] = []
  let end = 0
  for (const match of text.matchAll(FILE_ON_GITHUB)) {
    const [address, path = '', anchor] = match
    const { target } = project.files.registerAbsolute(normalizePath(resolve(root, path)))
    if (typeof project.files.resolve(target, project) !== 'object') continue
    parts.push({ kind: 'text', text: text.slice(end, match.index) })
    parts.push({ kind: 'relative-link', text: address, target, targetAnchor: anchor?.slice(1) })
    end = match.index + address.length
  }
  parts.push({ kind: 'text', text: text.slice(end) })
  return parts
}
