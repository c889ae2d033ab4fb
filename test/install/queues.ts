import { randomUUID } from 'node:crypto'
import { afterAll } from 'vitest'
import { brokerUrl, installed, run } from './installed.ts'

const queues: string[] = []

/** The name of a new queue, which is deleted when the tests of the file have ended. */
export function newQueue(): string {
  const queue = `install-${randomUUID()}`
  queues.push(queue)
  return queue
}

const DELETE = `
import { deleteQueue } from '@podqueue/producer'
await Promise.all(JSON.parse(process.env.QUEUES).map((queue) => deleteQueue(queue, { discardItems: true })))
`

afterAll(async () => {
  const env = { BROKER_URL: brokerUrl(), QUEUES: JSON.stringify(queues) }
  const deleted = await run(process.execPath, ['--input-type=module', '--eval', DELETE], {
    cwd: installed().alone,
    env,
  })
  if (deleted.code !== 0) throw new Error(deleted.stderr)
})
