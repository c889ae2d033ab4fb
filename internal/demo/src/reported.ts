import { open, writeFile } from 'node:fs/promises'
import { type RunWithTimeline, renderTimeline } from '@podqueue/k8s/report'
import { EX_USAGE, UsageError } from './arguments.ts'

/** Runs with a timeline when there is a file for its picture, and writes it there, also when the run fails. */
export async function reported<Result extends RunWithTimeline>(
  file: string | undefined,
  announce: (line: string) => void,
  run: (timeline: boolean) => Promise<Result>,
): Promise<Result> {
  if (file === undefined) return run(false)
  await checkWritable(file)
  const write = async (ended: RunWithTimeline): Promise<void> => {
    const format = file.endsWith('.svg') ? 'svg' : 'html'
    await writeFile(file, await renderTimeline(ended, { format }))
    announce(`picture of the run: ${file}`)
  }
  try {
    const result = await run(true)
    await write(result)
    return result
  } catch (error) {
    if (error instanceof Error && (error as RunWithTimeline).timeline !== undefined)
      await write(error as RunWithTimeline)
    throw error
  }
}

/** A file that cannot be written is told before the run, not after it. */
async function checkWritable(file: string): Promise<void> {
  try {
    await (await open(file, 'a')).close()
  } catch (error) {
    throw new UsageError(`--report ${file} cannot be written: ${(error as Error).message}`, EX_USAGE)
  }
}
