import { defineConfig } from 'vitest/config'

const FOLDERS = ['.', 'internal/testing', 'packages/producer', 'packages/worker', 'packages/k8s', 'examples/fruits']

export default defineConfig({
  test: {
    // One broker for the whole run; it ends with it.
    globalSetup: ['internal/testing/src/vitest-broker.ts'],
    reporters: ['default', ['json', { outputFile: '.reports/tests.json' }]],
    projects: FOLDERS.map((root) => ({
      test: { name: root === '.' ? 'docs' : root, root, include: ['test/**/*.spec.ts'], testTimeout: 60_000 },
    })),
  },
})
