import { type JobClient, K8sError } from '@podqueue/k8s'
import { type Producer, ProducerError } from '@podqueue/producer'
import type { BatchEnd, BatchStore } from './batch-store.ts'

/** The parts that a service needs to render batches: made once, used for all batches. */
export interface Renderer {
  readonly store: BatchStore
  readonly producer: Producer
  readonly jobs: JobClient
  readonly queue: string
  readonly image: string
  /** The broker's address as the pods reach it. */
  readonly podUrl: string
  /** Where the pods write the frames. */
  readonly framesFolder: string
}

/**
 * Publishes the frames of a batch, runs a Job over them, and writes down how it ended. Called again after a crash it goes on:
 * the journal knows what was published, and the run id which Job is this batch's. Throws when the signal aborts.
 */
export async function renderBatch(id: string, renderer: Renderer, signal: AbortSignal): Promise<void> {
  const { store, producer, jobs, queue: queueName, image, podUrl, framesFolder } = renderer
  let end: BatchEnd
  try {
    const queue = producer.queue(queueName)
    const { confirmed } = await queue.enqueue(await store.frames(id), { journal: store.journal(id), signal })
    const result = await jobs.runJob(
      {
        name: 'frames',
        image,
        items: confirmed,
        itemsPerPod: 'all',
        parallelism: 2,
        queue: { podUrl },
        env: { FRAMES_FOLDER: framesFolder },
      },
      { runId: id, onAbort: 'leave', signal, queue },
    )
    end = { state: 'done', frames: confirmed, failedAttempts: result.failed }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof ProducerError || error instanceof K8sError)) throw error
    end = { state: 'failed', code: error.code, message: error.message, hint: error.hint }
  }
  await store.end(id, end)
}
