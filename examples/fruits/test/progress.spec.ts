import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { brokerUrl } from '@internal/testing/broker-url'
import { type RunProgress, runJob } from '@podqueue/k8s'
import { startLocalCluster } from '@podqueue/k8s/local'
import { createProducer } from '@podqueue/producer'
import { expect, test } from 'vitest'

/** Writes each item down before it is acked. One in ten can never be done; the first to take `item-5` dies of it, with all it holds. */
const WORKER = `
  import { appendFileSync } from 'node:fs'
  import { setTimeout } from 'node:timers/promises'
  import { DeadLetterError, runWorker } from '@podqueue/worker'
  await runWorker(async (item) => {
    await setTimeout(300)
    const number = Number(item.text().slice(5))
    if (number === 5 && !item.redelivered) process.kill(process.pid, 'SIGKILL')
    if (number % 10 === 9) throw new DeadLetterError('It is no fruit.')
    appendFileSync(process.env.LEDGER, item.text() + '\\n')
  })
`

test("progress with itemsPerPod 'all' never says that an item is done before its worker has, though a worker is killed", async () => {
  await using cluster = await startLocalCluster({ backoffScale: 0.01 })
  await using producer = createProducer({ url: brokerUrl() })
  const queue = producer.queue(`progress-${process.pid}`)
  const folder = await mkdtemp(`${tmpdir()}/podqueue-test-`)
  const ledger = `${folder}/ledger`
  await writeFile(ledger, '')
  const written = (): number => new Set(readFileSync(ledger, 'utf8').split('\n').filter(Boolean)).size
  const seen: RunProgress[] = []
  const early: string[] = []
  try {
    const { confirmed } = await queue.enqueue(Array.from({ length: 150 }, (_, index) => `item-${index}`))
    const result = await runJob(
      {
        name: 'progress',
        image: 'any',
        command: [process.execPath, '--input-type=module', '--eval', WORKER],
        env: { LEDGER: ledger },
        items: confirmed,
        itemsPerPod: 'all',
        parallelism: 3,
        worker: { concurrency: 4 },
        queue: { podUrl: brokerUrl() },
      },
      {
        kubeConfig: cluster.kubeConfig,
        queue,
        deadLettered: 'report',
        on: {
          progress: (event) => {
            seen.push(event)
            const [said, done] = [event.items?.done ?? 0, written()]
            if (said > done) early.push(`${said} said, ${done} done`)
          },
        },
      },
    )
    expect(early).toEqual([])
    expect(result).toMatchObject({ leftover: 0, deadLettered: 15 })
    expect(result.failed).toBeGreaterThan(0)
    expect(result.deadItems).toHaveLength(15)
    const items = seen.map((event) => event.items).filter((each) => each !== undefined)
    expect(items.at(-1)).toEqual({ total: 150, done: 135, left: 0, dead: 15 })
    expect(
      items.some(({ done, left }) => done > 0 && left > 0),
      'it counts on the way',
    ).toBe(true)
    for (const { total, done, left, dead } of items) expect(done + left + dead).toBe(total)
  } finally {
    await queue.delete({ discardItems: true })
    await rm(folder, { recursive: true })
  }
})
