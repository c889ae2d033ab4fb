/**
 * Measures the cost of one item from a cold start: a fresh process that imports the package, enqueues one item and ends, beside one that
 * does the same with amqplib alone.
 *
 *     node bench/producer-startup.ts [rounds]
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startBroker, uniqueName } from '@internal/testing'
import { connect } from 'amqplib'
import { interleave, printStandings } from './interleave.ts'

const [rounds = '15'] = process.argv.slice(2)

const PROGRAMS = {
  podqueue: `
    import { enqueue } from '@podqueue/producer'
    await enqueue(process.argv[2], ['apple'], { url: process.argv[1] })`,
  'amqplib, raw': `
    import { connect } from 'amqplib'
    const connection = await connect(process.argv[1], { noDelay: true })
    const channel = await connection.createConfirmChannel()
    await channel.checkQueue(process.argv[2])
    channel.sendToQueue(process.argv[2], Buffer.from('apple'), { persistent: true })
    await channel.waitForConfirms()
    await connection.close()`,
}

await using broker = await startBroker({ announce: (line) => void process.stderr.write(`broker: ${line}\n`) })
const admin = await connect(broker.url)
const channel = await admin.createChannel()
const queue = uniqueName('bench')
await channel.assertQueue(queue, { arguments: { 'x-queue-type': 'quorum' } })
const turns = Object.entries(PROGRAMS).map(([name, program]) => ({
  name,
  run: async () => {
    const startedAt = performance.now()
    const args = ['--input-type=module', '--eval', program, broker.url, queue]
    await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname })
    return performance.now() - startedAt
  },
}))
printStandings(`A process that enqueues one item; ${broker.description}`, 'ms', await interleave(turns, Number(rounds)))
await channel.deleteQueue(queue)
await admin.close()
