import { readFileSync } from 'node:fs'
import { commonJsFace } from '@internal/commonjs'
import { thirdPartyLicences } from '@internal/licences'
import { esmExternalRequirePlugin } from 'rolldown/plugins'
import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    local: 'src/local.ts',
    otel: 'src/otel/index.ts',
    progress: 'src/progress/index.ts',
    report: 'src/report/index.ts',
    // A process of its own, beside the file that starts it.
    supervisor: '../../internal/local-cluster/src/supervisor/supervisor.ts',
  },
  platform: 'node',
  target: 'node22.19',
  dts: true,
  fixedExtension: false,
  deps: {
    // The private workspaces are not on npm.
    alwaysBundle: [/^@internal\//],
    // The types of Kubernetes' objects are written out: older compilers refuse the types that client-node imports.
    dts: { alwaysBundle: [/^@internal\//, '@kubernetes/client-node'] },
    // The dependencies of the terminal view and of the local cluster are bundled: an app that uses neither does not install it.
    onlyBundle: false,
  },
  // Those types import others for nothing.
  treeshake: { moduleSideEffects: 'no-external' },
  plugins: [
    commonJsFace(),
    // An import that bundlers see, where a bundled CommonJS module calls `require`, whose creation would need the address of this file.
    esmExternalRequirePlugin({ external: ['crypto', 'fs'] }),
    thirdPartyLicences([
      {
        name: '@kubernetes/client-node',
        licence: "Apache-2.0, for the types of Kubernetes' objects",
        text: readFileSync(new URL('../../node_modules/@kubernetes/client-node/LICENSE', import.meta.url), 'utf8'),
      },
      {
        name: 'Kubernetes',
        licence: 'Apache-2.0, for the definitions of its protobuf messages',
        text: readFileSync(
          new URL('../../internal/local-cluster/src/api/protobuf/LICENSE-kubernetes.txt', import.meta.url),
          'utf8',
        ),
      },
    ]),
  ],
})
