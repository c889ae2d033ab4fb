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
        test: { name: 'packed', include: ['test/*.packed.ts'], testTimeout: 120_000, hookTimeout: 300_000 },
      },
      {
        // The tests of what the package exports, on the files that it ships.
        resolve: { alias: [{ find: /^\.\.\/src\/(index|testing)\.ts$/, replacement: `${dist}/$1.js` }] },
        test: {
          name: 'worker, as built',
          root: 'packages/worker',
          include: ['test/{consume-one,consume-many,dead-letter,lease,options,own-connection}.spec.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
