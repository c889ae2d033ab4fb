import { commonJsFace } from '@internal/commonjs'
import { thirdPartyLicences } from '@internal/licences'
import { defineConfig, type UserConfig } from 'tsdown'

const common: UserConfig = {
  platform: 'node',
  target: 'node22.19',
  fixedExtension: false,
}

/** Each entry by itself: a file that two of them share would be one more to load. */
const library = (entry: Record<string, string>): UserConfig => ({
  ...common,
  entry,
  dts: true,
  // The private workspaces are not on npm, so they go into the bundle.
  deps: { alwaysBundle: [/^@internal\//], onlyBundle: false },
  // The types of amqplib are not part of ours.
  treeshake: { moduleSideEffects: 'no-external' },
  plugins: [commonJsFace()],
})

export default defineConfig([
  library({ index: 'src/index.ts' }),
  library({ testing: 'src/testing.ts' }),
  library({ otel: 'src/otel/index.ts' }),
  library({ 'otel-register': 'src/otel/register.ts' }),
  {
    ...common,
    entry: { 'podqueue-worker': 'src/command/podqueue-worker.ts' },
    dts: false,
    // For the check of licences: it is not published, since it would be half of the package.
    sourcemap: 'hidden',
    // One file without comments, which Node loads faster. Lines and names stay, for stack traces.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
    deps: { alwaysBundle: [/./], onlyBundle: false },
    plugins: [thirdPartyLicences()],
  },
])
