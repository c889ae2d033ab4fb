import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { type ExportSpecifier, type Expression, type ImportDeclarationSpecifier, parseSync, Visitor } from 'oxc-parser'

/** One import or re-export of a source file, types included. */
export interface Import {
  /** The file that imports, from the root of the repository. */
  readonly from: string
  /** The specifier as it is written. */
  readonly specifier: string
  /** The file that a relative specifier leads to, from the root of the repository. */
  readonly to: string | undefined
  /** Whether it brings types only, so that nothing of it is left in the build. */
  readonly isType: boolean
}

/** All imports of the sources under `src` of the packages and the internal workspaces. */
export function sourceImports(root: string): Import[] {
  return globSync('{packages,internal}/*/src/**/*.{ts,mts}', { cwd: root }).flatMap((from) =>
    importsOf(from, readFileSync(join(root, from), 'utf8')),
  )
}

/** The imports of one file: static, dynamic and of types. */
export function importsOf(from: string, source: string): Import[] {
  const specifiers = new Map<string, boolean>()
  const add = (specifier: string | undefined, isType: boolean): void => {
    if (specifier !== undefined) specifiers.set(specifier, isType && (specifiers.get(specifier) ?? true))
  }
  const visitor = new Visitor({
    ImportDeclaration: ({ source, importKind, specifiers: names }) =>
      add(source.value, importKind === 'type' || (names.length > 0 && names.every(isTypeName))),
    ExportNamedDeclaration: ({ source, exportKind, specifiers: names }) =>
      add(source?.value, exportKind === 'type' || (names.length > 0 && names.every(isTypeName))),
    ExportAllDeclaration: ({ source, exportKind }) => add(source.value, exportKind === 'type'),
    ImportExpression: ({ source }) => add(literal(source), false),
    // `import('./x.ts').X` within a type
    TSImportType: ({ source }) => add(source.value, true),
  })
  visitor.visit(parseSync(from, source).program)
  return [...specifiers].map(([specifier, isType]) => ({
    from,
    specifier,
    to: specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : undefined,
    isType,
  }))
}

function isTypeName(name: ImportDeclarationSpecifier | ExportSpecifier): boolean {
  return ('importKind' in name && name.importKind === 'type') || ('exportKind' in name && name.exportKind === 'type')
}

function literal(expression: Expression): string | undefined {
  return expression.type === 'Literal' && typeof expression.value === 'string' ? expression.value : undefined
}
