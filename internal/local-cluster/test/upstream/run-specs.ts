/**
 * Runs Kubernetes' own end-to-end tests for Jobs, unchanged, against a local cluster: `npm run test:e2e`, or for some of them
 * `npm run test:e2e -- 'pattern of names'`. They need the program `e2e` of a test lab: in the folder that CLUSTER_LAB names, else in
 * `../shared/kube`. Without it this says that they were skipped. Leaves `.reports/e2e.json` and a log of each spec in `.reports/e2e/`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { startLocalCluster } from '../../src/index.ts'

/** Specs at a time: they wait most of the time, for the client's own polling. */
const LANES = 4
/** The two images of the specs. The shell of busybox knows `[[`, which that of Debian does not. */
const images = {
  'registry.k8s.io/pause:3.10.1': ['sleep', 'infinity'],
  'registry.k8s.io/e2e-test-images/busybox:1.37.0-1': { entrypoint: ['sh'], programs: { '/bin/sh': 'bash' } },
}

const root = resolve(import.meta.dirname, '../../../..')
const lab = resolve(root, process.env.CLUSTER_LAB ?? '../shared/kube')
const reports = join(root, '.reports')
const logs = join(reports, 'e2e')
const say = (line: string): void => void process.stdout.write(`${line}\n`)

interface Result {
  readonly spec: string
  readonly passed: boolean
}

/** Runs one spec at a time of those that are left, until there are none. */
async function runLane(kubeconfig: string, specs: string[], results: Result[]): Promise<void> {
  for (let spec = specs.shift(); spec !== undefined; spec = specs.shift()) {
    const focus = `^${spec.replaceAll(/[.[\]*^$(){}?+|\\/]/g, '\\$&')}$`
    const child = spawn(join(lab, 'e2e'), [kubeconfig, focus], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, E2E_OUT: logs },
    })
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.endsWith(spec)) continue
      results.push({ spec, passed: line.startsWith('passed') })
      say(line)
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    if (!results.some((result) => result.spec === spec)) results.push({ spec, passed: false })
  }
}

/** The end of a failed spec's log, which begins with the name of the spec. */
async function showLog(spec: string): Promise<void> {
  const name = `${spec.replaceAll(/[^a-zA-Z0-9]+/g, '-')}-`.slice(0, 90)
  const file = (await readdir(logs)).find((each) => each.startsWith(name.slice(0, 80)))
  if (file === undefined) return
  const lines = (await readFile(join(logs, file), 'utf8')).trimEnd().split('\n')
  say(`--- ${spec}\n${lines.slice(-40).join('\n')}`)
}

async function main(): Promise<number> {
  const pattern = new RegExp(process.argv[2] ?? '')
  const wanted = (await readFile(join(lab, 'e2e-specs'), 'utf8'))
    .split('\n')
    .filter((name) => name && pattern.test(name))
  const results: Result[] = []
  await rm(logs, { recursive: true, force: true })
  await mkdir(logs, { recursive: true })
  // A pattern that fits no spec: the program unpacks itself, which several at a time must not do. It takes regular files only.
  const [unpacked] = await once(spawn(join(lab, 'e2e'), [import.meta.filename, '^$'], { stdio: 'ignore' }), 'exit')
  if (unpacked !== 0) throw new Error(`${join(lab, 'e2e')} did not unpack itself: it exited with ${unpacked}`)
  const started = performance.now()
  await using cluster = await startLocalCluster({ images })
  const waiting = [...wanted]
  await Promise.all(Array.from({ length: LANES }, () => runLane(cluster.kubeconfigPath, waiting, results)))

  const passed = results.filter((result) => result.passed).map(({ spec }) => spec)
  const failed = results.filter((result) => !result.passed).map(({ spec }) => spec)
  for (const spec of failed) await showLog(spec)
  const seconds = Math.round((performance.now() - started) / 1000)
  await writeFile(
    join(reports, 'e2e.json'),
    JSON.stringify({ numPassedTests: passed.length, numFailedTests: failed.length }),
  )
  say(`e2e: ${passed.length} of ${wanted.length} specs passed in ${seconds} s`)
  say(`${passed.length} passed, ${failed.length} failed`)
  return failed.length === 0 && passed.length > 0 ? 0 : 1
}

if (existsSync(join(lab, 'e2e'))) process.exitCode = await main()
else say(`e2e: skipped. Kubernetes' own tests are not in ${lab}: CLUSTER_LAB names their folder.`)
