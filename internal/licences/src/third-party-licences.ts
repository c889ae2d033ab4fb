import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Rolldown } from 'tsdown'

/** The name of the file in the folder of the build. */
const FILE = 'THIRD-PARTY-LICENSES.md'
/** The folder of a package in a module's path: `node_modules/name` or `node_modules/@scope/name`. */
const PACKAGE_FOLDER = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)(?=\/)/
const LICENCE_FILE = /^(licen[cs]e|copying|notice|copyrightnotice)(\.\w+)?$/i

/** A work of others in the build that is not a package in `node_modules`. */
export interface ForeignWork {
  readonly name: string
  /** As SPDX writes it. */
  readonly licence: string
  /** The text of the licence. */
  readonly text: string
}

/**
 * Writes `THIRD-PARTY-LICENSES.md` into the folder of the build: the licence of each package that has code in it. It reads the
 * module graph, so that a package which the bundler drops is not named, and one that it adds cannot be forgotten.
 *
 * @param others works of others besides the packages
 * @throws Error when a bundled package has no licence file
 */
export function thirdPartyLicences(others: readonly ForeignWork[] = []): Rolldown.Plugin {
  return {
    name: 'third-party-licences',
    generateBundle(_, bundle) {
      const works = new Map(others.map((work) => [work.name, work]))
      for (const output of Object.values(bundle)) {
        if (output.type !== 'chunk') continue
        for (const [id, { renderedLength }] of Object.entries(output.modules)) {
          const [folder, name] = PACKAGE_FOLDER.exec(id) ?? []
          // A type declaration brings no code.
          if (folder === undefined || name === undefined || renderedLength === 0 || /\.d\.[cm]?ts$/.test(id)) continue
          if (!works.has(name)) works.set(name, licenceOf(folder, name))
        }
      }
      if (works.size > 0) this.emitFile({ type: 'asset', fileName: FILE, source: documentOf([...works.values()]) })
    },
  }
}

function licenceOf(folder: string, name: string): ForeignWork {
  const { license = 'see below' } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const files = readdirSync(folder).filter((file) => LICENCE_FILE.test(file))
  if (files.length === 0) throw new Error(`${name} is bundled, and its package has no licence file`)
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n')
  return { name, licence: license, text }
}

function documentOf(works: readonly ForeignWork[]): string {
  const sections = works
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, licence, text }) => `## ${name}\n\n${licence}\n\n\`\`\`\n${text.trim()}\n\`\`\`\n`)
  return [
    '# Third-party licences\n',
    'The files in this folder contain code of other packages, each under its own licence.\n',
  ]
    .concat(sections)
    .join('\n')
}
