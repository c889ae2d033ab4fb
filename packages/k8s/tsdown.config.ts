import { readFileSync } from 'node:fs'
import { thirdPartyLicences } from '@internal/licences'
import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    local: 'src/local.ts',
    progress: 'src/progress/index.ts',
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
    // The dependencies of the terminal view and of the local cluster are bundled: an app that uses neither does not install it.
    onlyBundle: false,
  },
  plugins: [
    thirdPartyLicences([
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
