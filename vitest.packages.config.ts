import { defineConfig } from 'vitest/config'

/** The packages as npm would hand them out: `npm run check:packages`. */
export default defineConfig({
  test: {
    include: ['test/*.packed.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    reporters: ['default', ['json', { outputFile: '.reports/packages.json' }]],
  },
})
