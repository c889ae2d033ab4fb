import { access } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { amqpTools } from '../src/index.ts'

test('the AMQP tools are there, or a reason to skip is', { timeout: 180_000 }, async () => {
  const tools = await amqpTools({ announce: (line) => process.stderr.write(`${line}\n`) })
  if (tools.available) {
    await access(tools.publish)
    await access(tools.consume)
  } else {
    expect(tools.reason).toMatch(/^amqp-publish and amqp-consume are not on PATH.+/)
  }
})
