import { join } from 'node:path'
import type { TypeDocOptions } from 'typedoc'
import { documents, entries, root } from './entries.ts'

const options: Partial<TypeDocOptions> = {
  name: 'podqueue',
  plugin: ['./documents-as-pages.ts'],
  tsconfig: 'tsconfig.typedoc.json',
  entryPoints: [...entries().values()],
  readme: '../README.md',
  projectDocuments: documents().map((path) => join(root, path)),
  out: 'dist',
  displayBasePath: root,
  disableGit: true,
  sourceLinkTemplate: 'https://github.com/podqueue/podqueue/blob/main/{path}#L{line}',
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  hideGenerator: true,
  navigation: { includeGroups: true },
  navigationLinks: { GitHub: 'https://github.com/podqueue/podqueue' },
  groupOrder: ['Guides', 'Reference', 'Modules', 'Decisions', '*'],
  sort: ['kind', 'instance-first', 'alphabetical-ignoring-documents'],
  highlightLanguages: ['sh', 'typescript', 'javascript', 'json', 'yaml', 'dockerfile', 'python'],
  validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true },
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
}

export default options
