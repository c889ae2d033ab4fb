import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** How a batch ended. */
export type BatchEnd =
  | { readonly state: 'done'; readonly frames: number; readonly failedAttempts: number }
  | { readonly state: 'failed'; readonly code: string; readonly message: string; readonly hint?: string }

/** The batches that were accepted, on disk, so that a service that is killed knows them when it is started again. */
export interface BatchStore {
  /** Keeps a batch; once this resolves it is not forgotten. */
  add(id: string, frames: readonly string[]): Promise<void>
  frames(id: string): Promise<readonly string[]>
  /** The file in which the producer writes down which frames the broker has confirmed. */
  journal(id: string): string
  end(id: string, end: BatchEnd): Promise<void>
  /** How it ended: undefined while it has not. */
  ended(id: string): Promise<BatchEnd | undefined>
  /** The ids of those that have not ended, the oldest first. */
  unfinished(): Promise<string[]>
}

/** Keeps batches as files of a folder, which is made when it is missing. */
export async function openBatchStore(folder: string): Promise<BatchStore> {
  await mkdir(folder, { recursive: true })
  const file = (id: string, kind: 'frames.json' | 'end.json' | 'journal'): string => join(folder, `${id}.${kind}`)
  // Under its own name a file is there as a whole or not at all.
  const write = async (path: string, content: unknown): Promise<void> => {
    await writeFile(`${path}.part`, JSON.stringify(content), { flush: true })
    await rename(`${path}.part`, path)
  }
  return {
    add: (id, frames) => write(file(id, 'frames.json'), frames),
    frames: async (id) => JSON.parse(await readFile(file(id, 'frames.json'), 'utf8')),
    journal: (id) => file(id, 'journal'),
    end: (id, end) => write(file(id, 'end.json'), end),
    ended: async (id) => {
      const text = await readFile(file(id, 'end.json'), 'utf8').catch(() => undefined)
      return text === undefined ? undefined : JSON.parse(text)
    },
    unfinished: async () => {
      const names = new Set(await readdir(folder))
      const ids = [...names].filter((name) => name.endsWith('.frames.json')).map((name) => name.split('.')[0] ?? '')
      return ids.filter((id) => !names.has(`${id}.end.json`)).toSorted()
    },
  }
}
