import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

/** Bundles the set-up of a pod's telemetry, SDK included, into one file of a folder: a pod has no node_modules of ours. */
export async function bundlePodTelemetry(folder: string): Promise<string> {
  const bundle = await rolldown({
    input: fileURLToPath(new URL('pod-telemetry.ts', import.meta.url)),
    platform: 'node',
    logLevel: 'silent',
  })
  const file = join(folder, 'telemetry.mjs')
  await bundle.write({ file, format: 'esm', minify: true })
  await bundle.close()
  return file
}
