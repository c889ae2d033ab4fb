import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    local: 'src/local.ts',
    progress: 'src/progress/index.ts',
    // A process of its own, beside the file that starts it.
    supervisor: '../../internal/local-cluster/src/supervisor.ts',
  },
  platform: 'node',
  target: 'node22.19',
  dts: true,
  fixedExtension: false,
  // The private workspaces are not on npm, so they go into the bundle; what draws on terminals is for ./progress alone.
  deps: { alwaysBundle: [/^@internal\//, /^(log-update|picocolors)$/] },
})
