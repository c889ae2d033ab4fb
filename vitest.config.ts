import { defineConfig } from 'vitest/config'

const project = (root: string) => ({ test: { name: root, root, include: ['test/**/*.spec.ts'], testTimeout: 60_000 } })

export default defineConfig({
  test: {
    // One broker for the whole run; it ends with it.
    globalSetup: ['internal/testing/src/vitest-broker.ts'],
    reporters: ['default', ['json', { outputFile: '.reports/tests.json' }]],
    projects: ['internal/testing', 'packages/producer', 'packages/worker', 'packages/k8s', 'examples/fruits'].map(
      project,
    ),
  },
})
