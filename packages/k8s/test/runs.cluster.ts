import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { type JobSpec, type RunQueue, runJob, submitJob } from '../src/index.ts'
import { lossy } from './lossy.ts'
import { createNamespace } from './namespace.ts'
import { shellJob, UNTIL_TERM } from './shell-job.ts'

const run = promisify(execFile)

/** Runs a Job in a process of its own, which is killed at that moment. */
async function runAndDie(spec: JobSpec, runId: string, at: 'between Job and Secret' | 'in the middle'): Promise<void> {
  const program = fileURLToPath(new URL('killed-client.ts', import.meta.url))
  const child = spawn(process.execPath, [program, JSON.stringify({ spec, runId, at })], { stdio: 'inherit' })
  const [, signal] = await once(child, 'exit')
  expect(signal).toBe('SIGKILL')
}

test.concurrent('a client that is killed between Job and Secret: the next call with that run id finishes the work', async () => {
  await using namespace = await createNamespace()
  const work = shellJob({ namespace: namespace.name, script: 'test -n "$BROKER_URL"' })
  await runAndDie(work, 'friday', 'between Job and Secret')
  const left = await namespace.batch.readNamespacedJob({ namespace: namespace.name, name: 'work' })
  expect(left.spec?.suspend).toBe(true)
  const result = await runJob(work, { runId: 'friday' })
  expect(result).toMatchObject({ succeeded: 1, uid: left.metadata?.uid })
})

test.concurrent('a service that is killed in the middle and started again with its run id: one Job', async () => {
  await using namespace = await createNamespace()
  const work = shellJob({ namespace: namespace.name, items: 2, parallelism: 2, script: 'sleep 8' })
  await runAndDie(work, 'friday', 'in the middle')
  const left = await namespace.batch.readNamespacedJob({ namespace: namespace.name, name: 'work' })
  const result = await runJob(work, { runId: 'friday' })
  expect(result).toMatchObject({ succeeded: 2, uid: left.metadata?.uid, runId: 'friday' })
})

test.concurrent('a run that is started again with its run id counts the items that died before that', async () => {
  await using namespace = await createNamespace()
  const work = shellJob({ namespace: namespace.name, script: 'sleep 5' })
  const reads = (ready: number, deadLetters: number): RunQueue => ({
    inspect: async () => ({ ready, deadLetters, consumers: 0, verified: true }),
  })
  const abort = new AbortController()
  const first = runJob(work, {
    runId: 'friday',
    queue: reads(1, 5),
    onAbort: 'leave',
    signal: abort.signal,
    on: { progress: ({ active }) => void (active === 1 && abort.abort()) },
  })
  await expect(first).rejects.toMatchObject({ code: 'ABORTED' })
  await expect(runJob(work, { runId: 'friday', queue: reads(0, 7) })).rejects.toMatchObject({
    code: 'DEAD_LETTERED',
    result: { succeeded: 1, deadLettered: 2 },
  })
})

test.concurrent('creates whose answers are lost: one Job, not two', async () => {
  await using namespace = await createNamespace()
  const heard = new Set<string>()
  const network = lossy(namespace.kubeConfig, ({ method, path }) => {
    const lost = method !== 'GET' && !heard.has(method + path)
    heard.add(method + path)
    return lost
  })
  const result = await runJob(shellJob({ namespace: namespace.name, items: 2 }), {
    kubeConfig: network.kubeConfig,
    preflight: false,
  })
  expect(result).toMatchObject({ succeeded: 2 })
  expect((await namespace.batch.listNamespacedJob({ namespace: namespace.name })).items).toHaveLength(1)
  // The Job and its Secret, each sent twice, since no answer to the first was heard. A dry run creates nothing.
  const creates = network.requests.filter((line) => line.startsWith('POST') && !line.includes('dryRun'))
  expect(creates).toHaveLength(4)
})

test.concurrent('a Job of that name that is being deleted is waited for', async () => {
  await using namespace = await createNamespace()
  const first = await submitJob(
    shellJob({ namespace: namespace.name, script: 'trap "sleep 3; exit" TERM; sleep 600 & wait' }),
  )
  const at = { namespace: namespace.name, name: 'work' }
  const running = async () => (await namespace.batch.readNamespacedJob(at)).status?.ready
  while ((await running()) !== 1);
  await namespace.batch.deleteNamespacedJob({ ...at, propagationPolicy: 'Foreground' })
  const second = await runJob(shellJob({ namespace: namespace.name }))
  expect(second).toMatchObject({ succeeded: 1 })
  expect(second.uid).not.toBe(first.uid)
})

test.concurrent('an abort that leaves the Job leaves it running', async () => {
  await using namespace = await createNamespace()
  const abort = new AbortController()
  const running = runJob(shellJob({ namespace: namespace.name, script: UNTIL_TERM }), {
    onAbort: 'leave',
    signal: abort.signal,
    on: { progress: ({ ready }) => ready === 1 && abort.abort() },
  })
  await expect(running).rejects.toMatchObject({ code: 'ABORTED', details: { job: 'left running' } })
  const { status } = await namespace.batch.readNamespacedJob({ namespace: namespace.name, name: 'work' })
  expect(status).toMatchObject({ active: 1, ready: 1 })
})

/** Images by their user, made of one that the cluster has: `npm run test:cluster` builds them. */
const IMAGES = [
  { image: 'debian:bookworm-slim', who: 'no USER', uid: '0', home: '/root' },
  { image: 'podqueue-test-user-name', who: 'USER by name', uid: '1000', home: '/home/worker' },
  { image: 'podqueue-test-user-number', who: 'USER by number', uid: '1001', home: '/srv' },
]

test.concurrent.each(IMAGES)(
  'an image with $who runs unchanged under the defaults, and writes where it could',
  async ({ image, uid, home }) => {
    await using namespace = await createNamespace()
    const lines: string[] = []
    const script = `id -u; touch ${home}/x /tmp/x && echo written`
    await runJob(shellJob({ namespace: namespace.name, image, script }), {
      on: { podLog: ({ line }) => lines.push(line) },
    })
    expect(lines).toEqual([uid, 'written'])
  },
)

test.concurrent.each(IMAGES)(
  'an image with $who starts under restricted; one that needs more fails with the option that helps',
  async ({ image, home }) => {
    await using namespace = await createNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' })
    const lines: string[] = []
    const strict = { namespace: namespace.name, image, podSecurity: 'restricted' } as const
    await runJob(shellJob({ ...strict, name: 'modest', script: 'id -u; touch "$HOME/x" && echo written' }), {
      on: { podLog: ({ line }) => lines.push(line) },
    })
    expect(lines).toEqual(['65532', 'written'])
    const needsMore = shellJob({ ...strict, script: `touch ${home}/x` })
    await expect(runJob(needsMore)).rejects.toMatchObject({
      code: 'CRASH_LOOP',
      message: expect.stringContaining('Permission denied'),
      hint: expect.stringContaining("podSecurity 'restricted'"),
    })
  },
)

test('a run of 60 items sends as many requests as one of 8 in the same time', async () => {
  const requestsOf = async (items: number, seconds: number): Promise<{ all: number; looks: number; ms: number }> => {
    await using namespace = await createNamespace()
    const network = lossy(namespace.kubeConfig, () => false)
    const begun = performance.now()
    await runJob(shellJob({ namespace: namespace.name, items, parallelism: 8, script: `sleep ${seconds}` }), {
      kubeConfig: network.kubeConfig,
    })
    const looks = network.requests.filter((line) => /\/(pods|events)\?/.test(line)).length
    return { all: network.requests.length, looks, ms: Math.round(performance.now() - begun) }
  }
  const few = await requestsOf(8, 15)
  const many = await requestsOf(60, 0.2)
  process.stderr.write(
    `requests: 8 items: ${few.all} (${few.looks} of them looks at pods) in ${few.ms} ms; 60 items: ${many.all} (${many.looks}) in ${many.ms} ms\n`,
  )
  // A run sends the same requests; those for pods grow with time and trouble, never with items.
  expect(many.all - many.looks).toBe(few.all - few.looks)
})

test('from the condition Complete to the result, beside kubectl wait', async () => {
  await using namespace = await createNamespace()
  const lead: number[] = []
  for (let round = 0; round < 3; round++) {
    const name = `work-${round}`
    const handle = await submitJob(shellJob({ namespace: namespace.name, name, script: 'sleep 2' }))
    const args = ['wait', '--for=condition=complete', `job/${name}`, '--namespace', namespace.name, '--timeout=60s']
    const [ours, theirs] = await Promise.all([
      handle.wait().then(() => performance.now()),
      run('kubectl', args).then(() => performance.now()),
    ])
    lead.push(Math.round(theirs - ours))
  }
  process.stderr.write(
    `time to the result: ${lead.join(', ')} ms before kubectl wait returns (which includes its exit)\n`,
  )
  expect(lead).toHaveLength(3)
})
