import { defineConfig } from 'vitest/config'

const project = (root: string) => ({
  test: {
    name: root,
    root,
    include: [root.startsWith('test/') ? '*.cluster.ts' : 'test/**/*.cluster.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Each test has a namespace of its own, and waits for Kubernetes most of the time.
    maxConcurrency: 8,
  },
})

/** The suite on a real cluster: `npm run test:cluster`. It needs KUBECONFIG, kubectl and docker. */
export default defineConfig({
  test: {
    globalSetup: ['internal/testing/src/vitest-cluster.ts'],
    reporters: ['default', ['json', { outputFile: '.reports/cluster.json' }]],
    // One node of a few cores is what most have: the files take turns.
    fileParallelism: false,
    projects: ['packages/k8s', 'internal/local-cluster', 'examples/fruits', 'examples/sweep', 'test/telemetry'].map(
      project,
    ),
  },
})
