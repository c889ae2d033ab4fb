import { aptInstall, aptIsUsable } from './broker/apt.ts'
import { findOnPath } from './broker/server-program.ts'

/** The programs `amqp-publish` and `amqp-consume` of rabbitmq-c: their paths, or why there are none, for a test to skip with. */
export type AmqpTools =
  | { readonly available: true; readonly publish: string; readonly consume: string }
  | { readonly available: false; readonly reason: string }

/** How {@link amqpTools} may get them. */
export interface AmqpToolsOptions {
  /** Takes one line for a person: that they are being installed. */
  readonly announce: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/** The AMQP command-line tools on PATH, installed by apt-get where that is possible. Rejects only when the signal aborts. */
export async function amqpTools(options: AmqpToolsOptions): Promise<AmqpTools> {
  const here = await find()
  if (here.available) return here
  const obstacle = await aptIsUsable()
  if (obstacle !== undefined)
    return { available: false, reason: `${here.reason}, and cannot be installed: ${obstacle}` }
  try {
    await aptInstall('amqp-tools', { ...options, expectedSeconds: 10 })
  } catch (error) {
    options.signal?.throwIfAborted()
    return { available: false, reason: `${here.reason}; ${error instanceof Error ? error.message : error}` }
  }
  return await find()
}

async function find(): Promise<AmqpTools> {
  const [publish, consume] = await Promise.all([findOnPath('amqp-publish'), findOnPath('amqp-consume')])
  if (publish !== undefined && consume !== undefined) return { available: true, publish, consume }
  return { available: false, reason: 'amqp-publish and amqp-consume are not on PATH' }
}
