import { inspect, parseArgs } from 'node:util'
import { startBroker } from '@internal/testing'
import fc from 'fast-check'
import { tally } from './call.ts'
import { startGarbageApi } from './garbage-api.ts'
import { startHostilePeer } from './hostile-peer.ts'
import { outputs } from './outputs.ts'
import { publicFunctions } from './public-functions.ts'
import { targets } from './targets/index.ts'

const USAGE = `npm run fuzz -- [--minutes N] [--seed S] [--rounds R] [--target NAME]
  --minutes N    Goes on for this time. Default: 10.
  --rounds R     Makes this many rounds instead.
  --seed S       The seed of the first round; each further round has the next number. Default: random.
  --keep-going   Goes on with the other targets after a broken promise.
  --target NAME  Makes the calls of one target only.
A broker is taken from BROKER_URL, else one is started.`

/** The longest time for the runs of one target in one round, and for finding the smallest input, milliseconds. */
const LONGEST_MS = 60_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rounds: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    target: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(`${USAGE}\n`)
} else {
  const rounds = Number(values.rounds ?? Number.POSITIVE_INFINITY)
  // A failure of this program itself would otherwise be taken for one of a call, and nobody would hear of it.
  process.exitCode = await fuzz(Number(values.seed), rounds, Number(values.minutes) * 60_000).catch(
    (error: unknown) => {
      outputs.say(inspect(error))
      return 1
    },
  )
  // A call may have left something open. That must not keep this process.
  process.exit()
}

/** Returns the exit code: 0 when no promise was broken. */
async function fuzz(firstSeed: number, rounds: number, forMs: number): Promise<number> {
  await using broker = await startBroker({ announce: () => {} })
  await using peer = await startHostilePeer()
  await using api = await startGarbageApi()
  // So that no call finds a broker or a cluster of this machine.
  for (const name of ['BROKER_URL', 'BROKER_URL_FILE', 'QUEUE']) delete process.env[name]
  process.env.KUBECONFIG = '/nonexistent'
  outputs.watch()
  const all = targets({ brokerUrl: broker.url, peer, api }).filter(
    ({ name }) => values.target === undefined || name === values.target,
  )
  const start = performance.now()
  const deadline = rounds === Number.POSITIVE_INFINITY ? start + forMs : Number.POSITIVE_INFINITY
  let round = 0
  let broken = 0
  for (; round < rounds && performance.now() < deadline; round++) {
    const seed = firstSeed + round
    for (const { name, property, runs } of all) {
      if (performance.now() >= deadline) break
      const began = performance.now()
      const result = await fc.check(property, { seed, numRuns: runs, interruptAfterTimeLimit: LONGEST_MS })
      if (process.env.FUZZ_VERBOSE) outputs.say(`${name}: ${Math.round(performance.now() - began)} ms`)
      if (result.failed) {
        outputs.say(`A promise was broken. Again: npm run fuzz -- --target '${name}' --seed ${seed} --rounds 1\n`)
        outputs.say(`Smallest input: ${fc.stringify(result.counterexample)}`)
        outputs.say(String(result.errorInstance instanceof Error ? result.errorInstance.message : result.errorInstance))
        broken += 1
        if (!values['keep-going']) return 1
      }
    }
  }
  const called = new Set([...tally.keys()].map((name) => name.split(' ', 1)[0]))
  const forgotten = (await publicFunctions()).filter((name) => !called.has(name))
  if (values.target === undefined && round > 0 && forgotten.length > 0) {
    outputs.say(`No target calls ${forgotten.join(', ')}.`)
    return 1
  }
  const calls = [...tally.values()].reduce((sum, count) => sum + count, 0)
  const seconds = Math.round((performance.now() - start) / 1_000)
  for (const [name, count] of [...tally].toSorted()) outputs.say(`${String(count).padStart(8)}  ${name}`)
  const end = broken === 0 ? 'each kept its promises' : `${broken} times a promise was broken`
  outputs.say(`${calls} calls in ${round} rounds and ${seconds} s, seed ${firstSeed}: ${end}.`)
  return broken === 0 ? 0 : 1
}
