import { Lazy, queueAttributes, SECONDS, type Subscriptions } from '@internal/telemetry'
import type { Meter } from '@opentelemetry/api'
import type { InspectDiagnostic, PublishDiagnostic, SettleDiagnostic } from '../diagnostics.ts'

const PUBLISH = { name: 'publish', type: 'send' } as const

/** The metrics of publishing, and the last reading of each queue. */
export class ProducerMetrics {
  readonly #instruments: Lazy<ReturnType<typeof makeInstruments>>

  constructor(meter: () => Meter) {
    this.#instruments = new Lazy(() => makeInstruments(meter()))
  }

  subscribe(to: Subscriptions): void {
    to.add('podqueue:publish', ({ queue, address }: PublishDiagnostic) => {
      this.#instruments.value.sent.add(1, queueAttributes(queue, address, PUBLISH))
    }).add('podqueue:inspect', ({ queue, address, ready, deadLetters }: InspectDiagnostic) => {
      const messaging = queueAttributes(queue, address)
      const { left, dead } = this.#instruments.value
      left.record(ready, messaging)
      if (deadLetters !== undefined) dead.record(deadLetters, messaging)
    })
  }

  /** An item is published for the first time. */
  begun({ queue, address }: PublishDiagnostic): void {
    this.#instruments.value.inFlight.add(1, queueAttributes(queue, address))
  }

  /** An item has its fate. `afterMs` is the time since its last publish; undefined when it was never published. */
  settled({ queue, address, outcome }: SettleDiagnostic, afterMs: number | undefined): void {
    const { items, inFlight, duration } = this.#instruments.value
    const messaging = queueAttributes(queue, address)
    items.add(1, { ...messaging, 'podqueue.outcome': outcome })
    if (afterMs === undefined) return
    inFlight.add(-1, messaging)
    const failed = outcome === 'confirmed' ? {} : { 'error.type': outcome }
    duration.record(afterMs / 1_000, { ...queueAttributes(queue, address, PUBLISH), ...failed })
  }
}

function makeInstruments(meter: Meter) {
  return {
    sent: meter.createCounter('messaging.client.sent.messages', {
      unit: '{message}',
      description: 'Messages sent to the broker, each attempt counted',
    }),
    duration: meter.createHistogram('messaging.client.operation.duration', {
      ...SECONDS,
      description: 'Time from the publish of an item to the answer of the broker',
    }),
    items: meter.createCounter('podqueue.producer.items', {
      unit: '{item}',
      description: 'Items by their fate: confirmed, returned, nacked, unknown, invalid',
    }),
    inFlight: meter.createUpDownCounter('podqueue.producer.in_flight', {
      unit: '{item}',
      description: 'Items that are published and not yet settled',
    }),
    left: meter.createGauge('podqueue.queue.items_left', {
      unit: '{item}',
      description: 'Items that wait in the queue, by the last reading of inspectQueue',
    }),
    dead: meter.createGauge('podqueue.queue.dead_letters', {
      unit: '{item}',
      description: 'Items in the dead-letter queue, by the last reading of inspectQueue',
    }),
  }
}
