import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { expect, test } from 'vitest'

const WORKER = fileURLToPath(new URL('./kill-worker.ts', import.meta.url))
const POINTS = [
  'connecting',
  'waiting',
  'taken',
  'handling',
  'handled',
  'ack sent',
  'ack accepted',
  'before exit',
] as const
const ITEMS = 1_000
const KILLS = 200

/**
 * Each worker dies after a few items, at the next point of the list, and another is started in its place, three at a time,
 * until one that is not killed says that the queue is empty.
 */
test('workers killed at every point, 200 times over 1000 items: nothing is lost, and empty is never said of a queue with items', {
  timeout: 600_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-ledger-'))
  const ledger = join(folder, 'ledger')
  // A limit would set aside an item that met with more kills than that: here each is to be done.
  await using queue = await testQueue('quorum', { arguments: { 'x-delivery-limit': 100 } })
  const attempted = Array.from({ length: ITEMS }, (_, index) => `id-${index}`)
  for (const messageId of attempted) {
    queue.channel.publish('', queue.name, Buffer.from(messageId), { messageId, persistent: true })
  }
  await queue.publish()
  const kills = new Map<string, number>()
  let started = 0
  let unexpected = 0
  const one = async (): Promise<void> => {
    while (started < KILLS + 20) {
      const point = started < KILLS + 15 ? (POINTS[started % POINTS.length] ?? '') : 'never'
      const at = String(point === 'never' ? 0 : 1 + (started % 4))
      started += 1
      const child = spawn(process.execPath, [WORKER, point, at, ledger], {
        env: { ...process.env, BROKER_URL: brokerUrl(), QUEUE: queue.name, PODQUEUE_ITEMS: '' },
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let said = ''
      child.stderr.on('data', (chunk) => {
        said += chunk
      })
      const [code, signal] = await once(child, 'close')
      if (signal === 'SIGKILL') kills.set(point, (kills.get(point) ?? 0) + 1)
      else if (code !== 0) {
        unexpected += 1
        process.stderr.write(`kill ledger: unexpected exit ${code} at ${point}: ${said}\n`)
      }
    }
  }
  try {
    await Promise.all([one(), one(), one()])
    const lines = (await readFile(ledger, 'utf8')).trimEnd().split('\n')
    const done = lines.filter((line) => line.startsWith('done ')).map((line) => line.slice(5))
    const acked = lines.filter((line) => line.startsWith('acked ')).map((line) => line.slice(6))
    const dead = (await queue.drain('dead')).length
    const lost = attempted.filter((id) => !done.includes(id)).length - dead
    const killed = [...kills.values()].reduce((sum, count) => sum + count, 0)
    const duplicates = done.length - new Set(done).size
    process.stderr.write(
      `kill ledger: attempted ${ITEMS}, done ${new Set(done).size}, dead ${dead}, lost ${lost}, unexpected ${unexpected}, duplicates ${duplicates}, kills ${killed} (${[...kills].map(([point, count]) => `${point} ${count}`).join(', ')})\n`,
    )
    expect({ lost, unexpected, dead }).toEqual({ lost: 0, unexpected: 0, dead: 0 })
    expect(killed).toBeGreaterThanOrEqual(KILLS)
    expect([...kills.keys()].toSorted()).toEqual([...POINTS].toSorted())
    // An ack that was reported is never followed by another delivery.
    expect(new Set(acked).size).toBe(acked.length)
    // No item was done after a worker had said empty.
    const afterEmpty = lines.includes('empty') ? lines.slice(lines.indexOf('empty')) : []
    expect(lines).toContain('empty')
    expect(afterEmpty.filter((line) => line.startsWith('done '))).toEqual([])
    expect(await queue.drain()).toEqual([])
  } finally {
    await rm(folder, { recursive: true })
  }
})
