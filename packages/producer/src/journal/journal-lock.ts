import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { ProducerError } from '../errors.ts'

/** Ends a lock. */
export type UnlockJournal = () => Promise<void>

interface Holder {
  readonly host: string
  readonly pid: number
  /** When the process began, where the system tells: its id may be given to another later. */
  readonly started: string | null
}

/**
 * Takes a journal for this process alone, by a file beside it. The lock of a process on this host that is gone, however it
 * ended, is taken over; nobody can tell that of another host.
 *
 * @throws {ProducerError} `JOURNAL_LOCKED`
 */
export async function lockJournal(journal: string): Promise<UnlockJournal> {
  const path = `${journal}.lock`
  const mine: Holder = { host: hostname(), pid: process.pid, started: await startOf(process.pid) }
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
  // Whole or not there: nobody reads a lock that is half written.
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
  return started !== null && (await startOf(pid)) !== started
}

/** The start of a process in the kernel's clock ticks (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, field 22). */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The second field is the name in brackets and may hold anything.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

function parseHolder(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder
  } catch {
    return undefined
  }
}

function locked(journal: string, path: string, holder: Holder | undefined): ProducerError {
  const who = holder === undefined ? 'somebody' : `process ${holder.pid} on host ${holder.host}`
  return new ProducerError({
    code: 'JOURNAL_LOCKED',
    message: `The journal ${journal} is in use by ${who}.`,
    hint: `Two producers over the same items would publish each twice. If that one is gone for certain, remove ${path}.`,
    retryable: true,
    details: { journal, ...(holder === undefined ? {} : { host: holder.host, pid: holder.pid }) },
  })
}
