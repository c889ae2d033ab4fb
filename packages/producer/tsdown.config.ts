import { commonJsFace } from '@internal/commonjs'
import { defineConfig, type UserConfig } from 'tsdown'

/** Each entry by itself: a file that two of them share would be one more to load. */
const library = (entry: Record<string, string>): UserConfig => ({
  entry,
  platform: 'node',
  target: 'node22.19',
  dts: true,
  fixedExtension: false,
  // The private workspaces are not on npm, so they go into the bundle.
  deps: { alwaysBundle: [/^@internal\//] },
  // The types of amqplib are not part of ours.
  treeshake: { moduleSideEffects: 'no-external' },
  plugins: [commonJsFace()],
})

export default defineConfig([library({ index: 'src/index.ts' }), library({ otel: 'src/otel/index.ts' })])
