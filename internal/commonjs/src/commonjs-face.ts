import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Rolldown } from 'tsdown'

/** An entry for CommonJS: all that it exports is the module itself, so there is one copy of each class and no second state. */
const faceOf = (module: string): string => `'use strict'\nmodule.exports = require('./${module}')\n`

/**
 * Writes the file of each `require` condition in the `exports` of the package.json in the current folder. Every Node of `engines`
 * can `require` an ES module, so that this file only passes it on. TypeScript before 5.8 does not know that: a CommonJS file may import
 * nothing of an ES module there, not even a type (TS1479). Hence each declaration is written for CommonJS too.
 */
export function commonJsFace(): Rolldown.Plugin {
  return {
    name: 'commonjs-face',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const output of Object.values(bundle)) {
          if (output.type !== 'chunk') continue
          const { fileName } = output
          if (fileName.endsWith('.d.ts')) {
            const source = output.code.replaceAll(/((?:from|import) "\.\/[^"\n]+)\.js"/g, '$1.cjs"')
            this.emitFile({ type: 'asset', fileName: fileName.replace(/ts$/, 'cts'), source })
          } else if (faces().has(fileName.replace(/\.js$/, '.cjs'))) {
            this.emitFile({
              type: 'asset',
              fileName: fileName.replace(/\.js$/, '.cjs'),
              source: faceOf(basename(fileName)),
            })
          }
        }
      },
    },
  }
}

/** The files that package.json promises to CommonJS, such as `index.cjs`. */
function faces(): Set<string> {
  const { exports = {} } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports?: Record<string, unknown> }
  const files = Object.values(exports).map((target) => (target as { require?: string }).require)
  return new Set(files.filter((file) => file !== undefined).map((file) => basename(file)))
}
