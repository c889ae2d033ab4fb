/** A program for tests: runs a Job, and is killed at a moment that is given. JSON on the command line: `{ spec, runId, at }`. */

import { KubeConfig } from '@kubernetes/client-node'
import { runJob } from '../src/index.ts'
import { lossy } from './lossy.ts'

const { spec, runId, at } = JSON.parse(process.argv[2] ?? '{}')
const kubeConfig = new KubeConfig()
kubeConfig.loadFromDefault()

const die = (): void => void process.kill(process.pid, 'SIGKILL')

const network = lossy(kubeConfig, ({ method, path }) => {
  // The Job is made, its Secret is not.
  if (at === 'between Job and Secret' && method === 'POST' && /\/jobs$/.test(path)) die()
  return false
})
await runJob(spec, {
  runId,
  kubeConfig: network.kubeConfig,
  on: {
    progress: ({ ready }) => {
      if (at === 'in the middle' && ready > 0) die()
    },
  },
})
