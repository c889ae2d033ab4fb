/**
 * Counts the words of texts, batch by batch. Killed at any moment and started again, it goes on with what it had accepted:
 * README.md has the endpoints and the settings.
 */
import { createJobClient } from '@podqueue/k8s'
import { createProducer } from '@podqueue/producer'
import { createApp } from './app.ts'
import { BrokerWatch } from './broker.ts'
import { startMetrics } from './metrics.ts'
import { isTraced, podTracing } from './otlp-settings.ts'
import { startRetention } from './retention.ts'
import { Runner } from './runner.ts'
import { Store } from './store.ts'

const { env } = process
/** How long requests that are under way at the end may take. */
const ANSWERS_WITHIN_MS = 2_000
/** A broker that is away is waited for, as long as that makes sense. The pods do the same: see worker.ts. */
const BROKER_WITHIN_MS = 24 * 3_600_000
const prefix = env.PREFIX ?? 'words'
const otlp = isTraced ? await import('./otlp.ts') : undefined
const store = new Store(env.DATABASE ?? 'batches.sqlite')
const producer = createProducer({ reconnectForMs: BROKER_WITHIN_MS })
const broker = new BrokerWatch(producer)
const metrics = startMetrics(broker)
const jobs = createJobClient()
const runner = new Runner(
  {
    store,
    producer,
    jobs,
    job: {
      image: env.WORKER_IMAGE ?? 'podqueue-words',
      imagePullPolicy: 'IfNotPresent',
      env: { ...(env.WORK_MS === undefined ? {} : { WORK_MS: env.WORK_MS }), ...podTracing() },
    },
    podUrl: env.POD_BROKER_URL ?? env.BROKER_URL ?? '',
    prefix,
    atOnce: Number(env.AT_ONCE ?? 50),
  },
  (error) => app.log.error(error),
)
const app = await createApp({ store, runner, broker, metrics, logger: env.LOG === 'true' })
const url = await app.listen({ port: Number(env.PORT ?? 8080), host: env.HOST ?? '127.0.0.1' })
process.stdout.write(`listening on ${url}, batches to go on with: ${runner.unfinished}\n`)
runner.start()
broker.start(prefix)
startRetention(store, runner, Number(env.KEEP_HOURS ?? 7 * 24) * 3_600_000)

/**
 * Answers the requests that are under way and ends. Batches go on in the cluster, and the next start goes on with them: so nothing
 * is waited for that a kill would not wait for either.
 */
async function stop(): Promise<void> {
  setTimeout(() => app.server.closeAllConnections(), ANSWERS_WITHIN_MS).unref()
  await app.close()
  await otlp?.sendSpans()
  store.close()
  process.exit()
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
