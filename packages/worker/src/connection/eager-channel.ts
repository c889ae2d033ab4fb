import { Channel } from '../../../../node_modules/amqplib/lib/channel_model.js'
import type { Frame } from '../../../../node_modules/amqplib/lib/connection.js'
import { ChannelOpen, ChannelOpenOk } from '../../../../node_modules/amqplib/lib/defs.js'
import type { WorkerConnection } from './worker-connection.ts'

type Reply = Parameters<InstanceType<typeof Channel>['sendOrEnqueue']>[2]
type Answered = Parameters<InstanceType<typeof Channel>['_rpc']>[3]

/** What stands in amqplib's list of requests for one that has been sent. */
const SENT = undefined

/**
 * amqplib's channel that does not wait for one answer before the next request. RabbitMQ handles the requests of a channel in
 * order, and closes the channel at the first that it refuses. Answers that a queue gives, not the channel, as those to
 * cancel and consume, may come after the answer to a later request: each goes to the request of its kind.
 */
export class EagerChannel extends Channel {
  /** Resolves once the broker has opened the channel; requests need not wait for it. */
  readonly opened: Promise<unknown>
  /** Which frame answers a request. */
  readonly #expected = new WeakMap<Reply, number>()
  #expecting = 0

  constructor(connection: WorkerConnection) {
    super(connection)
    this.allocate()
    this.opened = this.rpc(ChannelOpen, { outOfBand: '' }, ChannelOpenOk)
    this.opened.catch(() => {})
  }

  // Without amqplib's `promisify`, which makes a new function for each request.
  override rpc(method: number, fields: object, expected: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this._rpc(method, fields, expected, (error, frame) => (error === null ? resolve(frame.fields) : reject(error)))
    })
  }

  override _rpc(method: number, fields: object, expected: number, callback: Answered): void {
    this.#expecting = expected
    super._rpc(method, fields, expected, callback)
  }

  override sendOrEnqueue(method: number, fields: object, reply: Reply): void {
    this.#expected.set(reply, this.#expecting)
    if (this.reply === null) {
      super.sendOrEnqueue(method, fields, reply)
      return
    }
    this.pending.push({ method: SENT, fields: undefined, reply })
    this.sendImmediately(method, fields)
  }

  override sendImmediately(method: number | undefined, fields: object | undefined): boolean {
    return method === SENT || super.sendImmediately(method, fields)
  }

  /** A quorum queue may deliver after its answer to the cancel, and an item must find who takes it. */
  override unregisterConsumer(): void {}

  override accept(frame: Frame): void {
    if (this.pending.length > 0 && this.reply !== null && this.#expected.get(this.reply) !== frame.id) {
      const answered = this.pending.find(({ reply }) => this.#expected.get(reply) === frame.id)
      if (answered !== undefined) [this.reply, answered.reply] = [answered.reply, this.reply]
    }
    super.accept(frame)
  }
}
