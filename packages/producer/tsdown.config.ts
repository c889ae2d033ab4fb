import { commonJsFace } from '@internal/commonjs'
import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: ['src/index.ts'],
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
