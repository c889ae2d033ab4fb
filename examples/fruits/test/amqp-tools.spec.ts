import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { amqpTools } from '@internal/testing'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { enqueue } from '@podqueue/producer'
import { consumeOne } from '@podqueue/worker'
import { describe, expect, test } from 'vitest'

const run = promisify(execFile)
const tools = await amqpTools({ announce: (line) => void process.stderr.write(`amqp-tools: ${line}\n`) })
if (!tools.available) process.stderr.write(`amqp-tools: skipped: ${tools.reason}\n`)

describe.runIf(tools.available)('with the tools of the tutorial', () => {
  const { publish, consume } = tools.available ? tools : { publish: '', consume: '' }

  test('what amqp-publish puts into the queue arrives byte for byte at a podqueue worker', async () => {
    await using queue = await testQueue()
    const body = 'Zürich \u0001 and a last line\n'
    await run(publish, [`--url=${brokerUrl()}`, '-r', queue.name, '-p', '-b', body])
    await queue.until(({ ready }) => ready === 1)
    const outcome = await consumeOne((item) => item.body.toString('hex'), { queue: queue.name, url: brokerUrl() })
    expect(outcome).toEqual({ status: 'done', result: Buffer.from(body).toString('hex') })
  })

  test('what podqueue puts into the queue arrives byte for byte at amqp-consume', async () => {
    await using queue = await testQueue(false)
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    await enqueue(queue.name, [body], { url: brokerUrl() })
    const args = [`--url=${brokerUrl()}`, '-q', queue.name, '-c', '1', 'cat']
    const { stdout } = await run(consume, args, { encoding: 'buffer' })
    expect(stdout).toEqual(body)
    await queue.until(({ ready }) => ready === 0)
  })
})
