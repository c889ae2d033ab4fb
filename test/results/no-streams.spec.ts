import { startBroker } from '@internal/testing'
import { enqueue, inspectQueue } from '@podqueue/producer'
import { expect, onTestFinished, test, vi } from 'vitest'

test('a broker without streams takes no batch with results, and says what to do', async (context) => {
  // An installed RabbitMQ below 4.0 can be started without them.
  if (process.env.TEST_BROKER !== 'local') return context.skip('TEST_BROKER is not local')
  vi.stubEnv(
    'TEST_BROKER_FEATURE_FLAGS',
    'quorum_queue,implicit_default_bindings,virtual_host_metadata,maintenance_mode_status,user_limits',
  )
  onTestFinished(() => void vi.unstubAllEnvs())
  await using broker = await startBroker({ announce: () => {} })
  const flags = await broker.rabbitmqctl?.('list_feature_flags', '--silent')
  if (!/^stream_queue\s+disabled$/m.test(flags ?? '')) return context.skip('this RabbitMQ cannot be without streams')
  await expect(enqueue('frames', ['a'], { url: broker.url, results: true })).rejects.toMatchObject({
    code: 'UNSUPPORTED_BY_BROKER',
    retryable: false,
    message: expect.stringContaining('it has no streams'),
    hint: expect.stringContaining('rabbitmqctl enable_feature_flag stream_queue'),
  })
  expect(await inspectQueue('frames', { url: broker.url }), 'nothing was published').toMatchObject({ ready: 0 })
  await enqueue('frames', ['a'], { url: broker.url })
  // As the hint says. The same broker then takes it.
  await broker.rabbitmqctl?.('enable_feature_flag', 'stream_queue')
  expect(await enqueue('frames', ['a'], { url: broker.url, results: true })).toMatchObject({ confirmed: 1 })
})
