import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const dist = fileURLToPath(new URL('packages/worker/dist', import.meta.url))

/** The packages as npm would hand them out: `npm run check:packages`. */
export default defineConfig({
  test: {
    globalSetup: ['internal/testing/src/vitest-broker.ts'],
    reporters: ['default', ['json', { outputFile: '.reports/packages.json' }]],
    projects: [
      {
        test: {
          name: 'packed',
          globalSetup: ['test/install/setup.ts'],
          include: ['test/install/*.packed.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // A compiler for each core.
          maxConcurrency: 2,
        },
      },
      {
        // The tests of what the package exports, on the files that it ships.
        resolve: { alias: [{ find: /^\.\.\/src\/(index|testing)\.ts$/, replacement: `${dist}/$1.js` }] },
        test: {
          name: 'worker, as built',
          root: 'packages/worker',
          include: ['test/{consume-one,consume-many,dead-letter,lease,options,own-connection}.spec.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 30_000 } },
        },
      },
    ],
  },
})
