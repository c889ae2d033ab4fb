import { expect, test } from 'vitest'
import { buildJob, type JobSpec, K8sError } from '../src/index.ts'

const spec: JobSpec = {
  name: 'big',
  image: 'worker:1',
  items: 1_000_000,
  parallelism: 100,
  queue: { name: 'job1', urlFrom: { secret: 'broker', key: 'url' } },
}

function problemsOf(changes: Partial<JobSpec>): readonly unknown[] {
  try {
    buildJob({ ...spec, ...changes })
    return []
  } catch (error) {
    return error instanceof K8sError && error.code === 'INVALID_OPTIONS' ? error.details.problems : [error]
  }
}

test('a Job of a million pods bounds its failed indexes, as Kubernetes demands above 100,000 completions', () => {
  expect(buildJob(spec).spec).toMatchObject({ completions: 1_000_000, maxFailedIndexes: 10_000 })
  expect(buildJob({ ...spec, items: 100_000 }).spec).not.toHaveProperty('maxFailedIndexes')
})

test('more than 10,000 pods at once of more than 100,000 are refused, and the itemsPerPod that fits is named', () => {
  const [problem] = problemsOf({ parallelism: 10_001 })
  expect(problem).toEqual({
    path: 'parallelism',
    message:
      'must be at most 10000 for a Job with more than 100000 completions, not 10001: this one has 1000000. With itemsPerPod 10 it has 100000',
  })
  expect(problemsOf({ parallelism: 10_001, itemsPerPod: 10 })).toEqual([])
  expect(problemsOf({ parallelism: 10_000 })).toEqual([])
})

test('the limit is for Jobs with a back-off limit per index alone', () => {
  expect(problemsOf({ parallelism: 10_001, restartPolicy: 'OnFailure' })).toEqual([])
  expect(problemsOf({ parallelism: 10_001, completionMode: 'NonIndexed' })).toEqual([])
})

test('no Indexed Job runs more than 100,000 pods at once', () => {
  expect(problemsOf({ items: 100_001, parallelism: 100_001, restartPolicy: 'OnFailure' })).toEqual([
    { path: 'parallelism', message: 'must be at most 100000 for an Indexed Job, not 100001' },
  ])
})

test('a Job that is too large to be stored is refused before it is sent', () => {
  const [problem] = problemsOf({ args: ['x'.repeat(1024 * 1024 * 2)] })
  expect(problem).toMatchObject({ path: 'spec', message: expect.stringContaining('at most 1572864 (1.5 MiB)') })
})
