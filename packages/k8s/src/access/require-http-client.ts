import { otherRuntime } from '@internal/node-version/other-runtime'
import { K8sError } from '../errors.ts'

/**
 * Makes sure that undici is there, by which every request goes. Bun puts a part of its own in its place, without the connections
 * that a request is made on: https://github.com/oven-sh/bun/blob/main/src/js/thirdparty/undici.js
 *
 * @throws {K8sError} `UNSUPPORTED_RUNTIME`
 */
export async function requireHttpClient(): Promise<void> {
  const { Agent } = await import('undici')
  if (typeof Agent.prototype.request === 'function') return
  const runtime = otherRuntime() ?? `Node ${process.versions.node}`
  throw new K8sError({
    code: 'UNSUPPORTED_RUNTIME',
    message: `@podqueue/k8s cannot reach a cluster under ${runtime}, which replaces undici, the HTTP client, by a part of it`,
    hint: 'Run this program with Node. Under Bun buildJob, buildManifests and toYaml work, and so do @podqueue/producer and @podqueue/worker.',
    details: { runtime },
  })
}
