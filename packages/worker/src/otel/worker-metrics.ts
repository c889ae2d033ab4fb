import { Lazy, queueAttributes, SECONDS, type Subscriptions } from '@internal/telemetry'
import type { Meter } from '@opentelemetry/api'
import type { AckDiagnostic, HandleTrace, TakeDiagnostic } from '../diagnostics.ts'

const RECEIVE = { name: 'receive', type: 'receive' } as const
const PROCESS = { name: 'process', type: 'process' } as const

/** The metrics of a worker. */
export class WorkerMetrics {
  readonly #instruments: Lazy<ReturnType<typeof makeInstruments>>
  readonly #startedAt = new WeakMap<HandleTrace, number>()

  constructor(meter: () => Meter) {
    this.#instruments = new Lazy(() => makeInstruments(meter()))
  }

  subscribe(to: Subscriptions): void {
    to.add('podqueue:take', ({ queue, address }: TakeDiagnostic) => {
      this.#instruments.value.consumed.add(1, queueAttributes(queue, address, RECEIVE))
    })
      .add('tracing:podqueue:handle:start', (message: HandleTrace) => this.#begin(message))
      .add('tracing:podqueue:handle:asyncEnd', (message: HandleTrace) => this.#end(message))
      .add('podqueue:ack', ({ queue, address, how, phase }: AckDiagnostic) => {
        if (phase !== 'sent') return
        this.#instruments.value.answered.add(1, { ...queueAttributes(queue, address), 'podqueue.answer': how })
      })
  }

  #begin(message: HandleTrace): void {
    this.#startedAt.set(message, performance.now())
    this.#instruments.value.inFlight.add(1, queueAttributes(message.queue, message.address))
  }

  #end(message: HandleTrace): void {
    const startedAt = this.#startedAt.get(message)
    // Its begin was before the subscription.
    if (startedAt === undefined) return
    const { queue, address, outcome = 'failed', code } = message
    const { inFlight, handled, duration } = this.#instruments.value
    const about = queueAttributes(queue, address)
    inFlight.add(-1, about)
    handled.add(1, { ...about, 'podqueue.outcome': outcome })
    const failed = code === undefined || outcome === 'released' ? {} : { 'error.type': code }
    duration.record((performance.now() - startedAt) / 1_000, { ...queueAttributes(queue, address, PROCESS), ...failed })
  }
}

function makeInstruments(meter: Meter) {
  return {
    consumed: meter.createCounter('messaging.client.consumed.messages', {
      unit: '{message}',
      description: 'Items delivered to workers, each delivery counted',
    }),
    duration: meter.createHistogram('messaging.process.duration', {
      ...SECONDS,
      description: 'Time that handlers worked on items, with all their attempts',
    }),
    handled: meter.createCounter('podqueue.worker.items', {
      unit: '{item}',
      description: 'Items by how their handler ended: done, failed, dead-letter, released, lost',
    }),
    answered: meter.createCounter('podqueue.worker.answers', {
      unit: '{item}',
      description: 'Answers to the broker: ack, reject, release',
    }),
    inFlight: meter.createUpDownCounter('podqueue.worker.in_flight', {
      unit: '{item}',
      description: 'Items that a handler works on',
    }),
  }
}
