import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const FOLDERS = [
  '.',
  'internal/testing',
  'internal/async',
  'internal/errors',
  'internal/import-rules',
  'internal/options',
  'internal/contract',
  'internal/local-cluster',
  'packages/producer',
  'packages/worker',
  'packages/k8s',
  'examples/fruits',
  'examples/service',
  'examples/sweep',
  'test/results',
  'test/telemetry',
  'fuzz',
]

export default defineConfig({
  test: {
    // One broker for the whole run; it ends with it.
    globalSetup: ['internal/testing/src/vitest-broker.ts'],
    // Most of what the tests do is wait for a broker: one worker less than there are cores would leave them idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ['default', ['json', { outputFile: '.reports/tests.json' }]],
    projects: FOLDERS.map((root) => ({
      test: {
        name: root === '.' ? 'docs' : root,
        root,
        include: [root === '.' ? 'test/*.spec.ts' : root.startsWith('test/') ? '*.spec.ts' : 'test/**/*.spec.ts'],
        testTimeout: 120_000,
        hookTimeout: 120_000,
        // The default, a second, is a guess at how fast a machine is.
        expect: { poll: { timeout: 30_000 } },
      },
    })),
  },
})
