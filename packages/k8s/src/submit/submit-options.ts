import type { Names, Problems } from '@internal/options'
import { type ClientOptions, checkClientOptions } from '../api/client-options.ts'
import { DNS_LABEL } from '../spec/job-name.ts'

/** Options of {@link submitJob}. */
export interface SubmitOptions {
  /**
   * The id of this run. A call with the id of a Job that is there goes on with it, so that a service that is
   * restarted finds its run again. Default: random, a run of its own.
   */
  readonly runId?: string | undefined
  /**
   * The treatment of a finished Job of that name from another run: delete it and create this one, throw `JOB_EXISTS`, or
   * take it, finished as it is, for this one. Default: 'replace'.
   */
  readonly onFinished?: 'replace' | 'fail' | 'adopt' | undefined
  /** Ends the call. A Job that it had made by then, and not returned, is deleted. */
  readonly signal?: AbortSignal | undefined
}

/** The names of these options. */
export const SUBMIT_OPTIONS: Names<SubmitOptions> = { runId: true, onFinished: true, signal: true }

/** Adds what is wrong with the options of a submit. */
export function checkSubmitOptions(problems: Problems, options: ClientOptions & SubmitOptions): void {
  checkClientOptions(problems, options)
  problems.oneOf('onFinished', options.onFinished, ['replace', 'fail', 'adopt'])
  const { runId } = options
  if (runId !== undefined && problems.text('runId', runId) && !(DNS_LABEL.test(runId) && runId.length <= 63)) {
    problems.add('runId', "must have at most 63 characters of a-z, 0-9 and '-', with a letter or digit at both ends")
  }
}
