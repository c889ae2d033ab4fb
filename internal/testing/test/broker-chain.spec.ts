import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { expect, test, vi } from 'vitest'
import { foreignBroker } from '../src/broker/broker.ts'
import { dockerWay } from '../src/broker/docker-broker.ts'
import { localhostWay } from '../src/broker/localhost-broker.ts'
import { openFirst, type Way } from '../src/broker/way.ts'
import { waysOut } from '../src/broker/way-out.ts'
import { findBroker, NoBrokerError, startBroker } from '../src/index.ts'

const last: Way = {
  name: 'last',
  open: async () => foreignBroker({ url: 'amqp://last', way: 'given', description: 'the last one' }),
}

test('a way that fails says why in one line, and the next is tried', async () => {
  await using nobody = await listen((socket) => socket.destroy())
  const lines: string[] = []
  const ways = [localhostWay(1), localhostWay(nobody.port), dockerWay({ image: 'registry.invalid/rabbitmq:0' }), last]
  const broker = await openFirst(ways, { announce: (line) => lines.push(line) }, '')
  expect(broker.description).toBe('the last one')
  const told = lines.filter((line) => !line.includes('pulling'))
  expect(told[0]).toBe('localhost:1: nothing listens')
  expect(told[1]).toMatch(/^localhost:\d+: something listens, but it is no AMQP broker that we can use/)
  // With an engine and without: a machine may have either.
  expect(told[2]).toMatch(
    /^Docker: (registry.invalid\/rabbitmq:0 is not here and cannot be pulled: .+|no engine answers .+)$/,
  )
  expect(told).toHaveLength(3)
  expect(lines.join('')).not.toMatch(/\n|^\s+at /)
})

test('something that listens but never answers does not hold up the chain', async () => {
  await using silent = await listen(() => {})
  const lines: string[] = []
  await openFirst([localhostWay(silent.port), last], { announce: (line) => lines.push(line) }, '')
  expect(lines).toEqual([expect.stringContaining('no answer within 2000 ms')])
})

test('no way left is an error with the reasons and the ways out', async () => {
  const lines: string[] = []
  const ways = [localhostWay(1), localhostWay(2)]
  const error = await openFirst(ways, { announce: (line) => lines.push(line) }, waysOut('--broker URL')).catch((e) => e)
  expect(error).toBeInstanceOf(NoBrokerError)
  expect(error.code).toBe('NO_BROKER')
  expect(error.reasons).toEqual(lines)
  expect(error.hint).toMatch(/install RabbitMQ.*start Docker.*--broker URL/)
  expect(waysOut('BROKER_URL', 'darwin')).toContain('brew install rabbitmq')
})

test('an address that is given is taken as it is, and its password is not shown', async () => {
  const url = 'amqp://user:secret@broker.example:5673/vhost?heartbeat=5'
  const announce = vi.fn()
  const found = await findBroker({ url, announce })
  vi.stubEnv('BROKER_URL', url)
  // It would say which broker to start, whatever address is given.
  vi.stubEnv('TEST_BROKER', '')
  const started = await startBroker({ announce })
  vi.unstubAllEnvs()
  expect([found.url, started.url]).toEqual([url, url])
  expect(found.description).toBe('amqp://broker.example:5673/vhost')
  expect(started.description).not.toContain('secret')
  expect(announce).not.toHaveBeenCalled()
})

test('an abort ends the chain with its reason, not with the next way', async () => {
  const announce = vi.fn()
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(openFirst([localhostWay(1), last], { announce, signal }, '')).rejects.toThrow('enough')
})

async function listen(
  onSocket: (socket: import('node:net').Socket) => void,
): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<import('node:net').Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    onSocket(socket)
  }).listen(0)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
