import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { ProducerError } from '../errors.ts'

/** Ends a lock. */
export type UnlockJournal = () => Promise<void>

interface Holder {
  readonly host: string
  readonly pid: number
  /** The start of the process, when the system tells it: its id may be given to another process later. */
  readonly started: string | null
}

/**
 * Takes a journal for this process alone, by a file beside it. The lock of a process of this host that is gone, however it
 * ended, is taken over. Whether a process of another host is gone cannot be seen.
 *
 * @throws {ProducerError} `JOURNAL_LOCKED`
 */
export async function lockJournal(journal: string): Promise<UnlockJournal> {
  const path = `${journal}.lock`
  const { started = null } = (await processState(process.pid)) ?? {}
  const mine: Holder = { host: hostname(), pid: process.pid, started }
  for (;;) {
    try {
      await writeNew(path, JSON.stringify(mine))
      return () => rm(path, { force: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text === undefined) continue
    const holder = parseHolder(text)
    if (holder === undefined || !(await isGone(holder))) throw locked(journal, path, holder)
    await removeStale(path, text)
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  // It is there as a whole or not at all: nobody reads a lock that is half written.
  const draft = `${path}.${randomUUID()}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.close()
    await link(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
}

/** Removes a lock only if it is still the one that was read: another process may have taken it over in between. */
async function removeStale(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  try {
    if ((await readFile(aside, 'utf8')) !== text) await link(aside, path)
  } finally {
    await rm(aside, { force: true })
  }
}

async function isGone({ host, pid, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
  const now = await processState(pid)
  // It ended just now, where the system tells.
  if (now === undefined) return started !== null
  // A zombie has ended, and only waits for a parent that does not ask for its exit code, as process 1 of many containers.
  return now.isZombie || (started !== null && now.started !== started)
}

/** The state of a process; undefined when the system does not tell it. */
async function processState(
  pid: number,
): Promise<{ readonly isZombie: boolean; readonly started: string } | undefined> {
  // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: field 3 is the state, field 22 the start in clock ticks.
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // Field 2 is the name in brackets and may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, started] = [fields?.[0], fields?.[19]]
  if (state === undefined || started === undefined) return undefined
  return { isZombie: state === 'Z' || state === 'X', started }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(text)
    return typeof holder === 'object' && holder !== null ? (holder as Holder) : undefined
  } catch {
    return undefined
  }
}

function locked(journal: string, path: string, holder: Holder | undefined): ProducerError {
  const user = holder === undefined ? 'another process' : `process ${holder.pid} on host ${holder.host}`
  return new ProducerError({
    code: 'JOURNAL_LOCKED',
    message: `The journal ${journal} is in use by ${user}.`,
    hint: `Two producers over the same items would publish each twice. If that process is certainly gone, remove ${path}.`,
    retryable: true,
    details: { journal, ...(holder === undefined ? {} : { host: holder.host, pid: holder.pid }) },
  })
}
