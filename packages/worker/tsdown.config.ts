import { defineConfig, type UserConfig } from 'tsdown'

const common: UserConfig = { platform: 'node', target: 'node22.19', fixedExtension: false }

export default defineConfig([
  // The private workspaces are not on npm, so they go into the bundle.
  { ...common, entry: ['src/index.ts'], dts: true, deps: { alwaysBundle: [/^@internal\//] } },
  // A process is started for each item: one file, with all that it needs in it, is what starts fastest.
  {
    ...common,
    entry: { 'podqueue-worker': 'src/command/podqueue-worker.ts' },
    dts: false,
    deps: { alwaysBundle: [/./], onlyBundle: false },
  },
])
