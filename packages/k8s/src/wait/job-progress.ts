import { type Channel, channel } from 'node:diagnostics_channel'
import type { JobCounts } from '../job/job-state.ts'

/** The message of `podqueue:progress` of `node:diagnostics_channel`: the counts of a Job that is waited for have changed. */
export interface JobProgress {
  readonly name: string
  readonly namespace: string
  readonly counts: JobCounts
}

export const PROGRESS: Channel<unknown, JobProgress> = channel('podqueue:progress') as Channel<unknown, JobProgress>
