import { DatabaseSync } from 'node:sqlite'
import type { JobCounts, PodFailure, Timeline } from '@podqueue/k8s'
import type { ItemResult, Journal } from '@podqueue/producer'

/** `waiting`: accepted. `running`: handed to the broker and the cluster. The rest are ends, but for `cancelling`. */
export type BatchState = 'waiting' | 'running' | 'cancelling' | 'cancelled' | 'done' | 'failed'

/** A batch, as the service answers it. Times are ISO 8601. */
export interface Batch {
  readonly id: string
  readonly state: BatchState
  readonly total: number
  readonly done: number
  /** Items that were given up: `failures` has their causes. */
  readonly dead: number
  readonly left: number
  readonly parallelism: number
  /** Which run of the batch this is: 1, and one more for each retry. */
  readonly run: number
  /** Whether it has ended with items that have no result, so that `retry` is possible. */
  readonly canRetry: boolean
  readonly createdAt: string
  readonly startedAt: string | null
  readonly endedAt: string | null
  /** Items that ended in this run, a second, since its start. */
  readonly rate: number
  /** Pods, as the cluster counted them last. */
  readonly pods: Pick<JobCounts, 'active' | 'ready' | 'succeeded' | 'failed'> | null
  /** The reason why it does not go on at this moment. */
  readonly note: string | null
  /** Why it failed. */
  readonly error: BatchError | null
  readonly hasPicture: boolean
}

export interface BatchError {
  readonly code: string
  readonly message: string
  readonly hint?: string | undefined
}

export interface Result {
  readonly index: number
  readonly item: unknown
  readonly value: unknown
}

export type Failure =
  | { readonly of: 'item'; readonly index: number; readonly item: unknown; readonly reason: string }
  | ({ readonly of: 'pod'; readonly at: string } & PodFailure)

/** The fields of a new batch besides its id and its state. */
export interface NewBatch {
  readonly parallelism: number
  /** The key of the client, by which the same request again is known. */
  readonly key?: string | undefined
  /** The context of its trace. */
  readonly traceparent?: string | undefined
}

/** The end of a batch, as it is written down. */
export interface BatchEnd {
  readonly state: 'done' | 'failed' | 'cancelled'
  readonly error?: BatchError
  readonly timeline?: Timeline | undefined
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, key TEXT UNIQUE, state TEXT NOT NULL, parallelism INTEGER NOT NULL,
    total INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0,
    run INTEGER NOT NULL DEFAULT 1, done_before INTEGER NOT NULL DEFAULT 0, log_offset INTEGER,
    created_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER,
    traceparent TEXT, pods TEXT, note TEXT, error TEXT, timeline TEXT, cleaned INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE IF NOT EXISTS items (
    batch TEXT NOT NULL REFERENCES batches, idx INTEGER NOT NULL, run INTEGER NOT NULL, place INTEGER NOT NULL,
    body TEXT NOT NULL, digest TEXT, status TEXT, value TEXT, PRIMARY KEY (batch, idx)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX IF NOT EXISTS places ON items (batch, run, place);
  CREATE TABLE IF NOT EXISTS pod_failures (
    batch TEXT NOT NULL REFERENCES batches, pod TEXT NOT NULL, at INTEGER NOT NULL, failure TEXT NOT NULL,
    PRIMARY KEY (batch, pod)
  ) STRICT, WITHOUT ROWID;
`

/**
 * The batches in one SQLite file. Everything that a restart needs is here: the items, which of them the broker has confirmed
 * (the journal), and the results so far with the place in the results log up to which they were read.
 */
export class Store {
  readonly #db: DatabaseSync
  readonly #changed = new Set<(id: string) => void>()

  /** @throws when another process has the file open: two services over one file would run each batch twice. */
  constructor(path: string) {
    try {
      this.#db = new DatabaseSync(path)
      this.#db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
      this.#db.exec(SCHEMA)
    } catch (cause) {
      throw new Error(`The database ${path} cannot be opened, or another service has it open.`, { cause })
    }
  }

  /** Keeps a batch; once this returns it is on disk. A `key` that is known already returns the batch that has it. */
  add(id: string, items: readonly unknown[], options: NewBatch): string {
    return this.#transaction(() => {
      const { parallelism, key = null, traceparent = null } = options
      const known = key === null ? undefined : this.#get('SELECT id FROM batches WHERE key = ?', key)
      if (known !== undefined) return this.#sameItems(String(known.id), items)
      this.#run(
        `INSERT INTO batches (id, key, state, parallelism, total, created_at, traceparent)
          VALUES (?, ?, 'waiting', ?, ?, ?, ?)`,
        ...[id, key, parallelism, items.length, Date.now(), traceparent],
      )
      const insert = this.#db.prepare('INSERT INTO items (batch, idx, run, place, body) VALUES (?, ?, 1, ?, ?)')
      for (const [index, item] of items.entries()) insert.run(id, index, index, JSON.stringify(item))
      return id
    }, id)
  }

  #sameItems(id: string, items: readonly unknown[]): string {
    const known = this.#all('SELECT body FROM items WHERE batch = ? ORDER BY idx', id)
    const isSame = known.length === items.length && known.every(({ body }, at) => body === JSON.stringify(items[at]))
    if (!isSame) throw new KeyReused(id)
    return id
  }

  batch(id: string): Batch | undefined {
    const row = this.#get('SELECT * FROM batches WHERE id = ?', id)
    return row === undefined ? undefined : toBatch(row)
  }

  /** The newest first. Ids sort by age: `before` is the last id of the page before. */
  list(limit: number, before = '~'): Batch[] {
    return this.#all('SELECT * FROM batches WHERE id < ? ORDER BY id DESC LIMIT ?', before, limit).map(toBatch)
  }

  /** The ids of those that need work, the oldest first: not ended, or ended and not yet cleaned up. */
  unfinished(): string[] {
    return this.#all('SELECT id FROM batches WHERE cleaned = 0 ORDER BY id').map(({ id }) => String(id))
  }

  /** The ids of those that ended before a time, milliseconds since 1970. */
  endedBefore(time: number): string[] {
    return this.#all('SELECT id FROM batches WHERE ended_at < ? ORDER BY id', time).map(({ id }) => String(id))
  }

  /** The name of this run of a batch, for its Job and its results: those of an earlier run are never taken for its own. */
  runId(id: string): string {
    const run = this.#runOf(id)
    return run === 1 ? id : `${id}-${run}`
  }

  /** The context of the request that started this run; undefined when it was not traced. */
  traceparent(id: string): string | undefined {
    const traceparent = this.#get('SELECT traceparent FROM batches WHERE id = ?', id)?.traceparent
    return typeof traceparent === 'string' ? traceparent : undefined
  }

  /** The items of this run, each at its place: all of them at first, then those that are retried. */
  items(id: string): unknown[] {
    const sql = 'SELECT body FROM items WHERE batch = ? AND run = ? ORDER BY place'
    return this.#all(sql, id, this.#runOf(id)).map(({ body }) => parse(body))
  }

  results(id: string, after: number, limit: number): Result[] {
    const rows = this.#all(
      "SELECT idx, body, value FROM items WHERE batch = ? AND status = 'done' AND idx > ? ORDER BY idx LIMIT ?",
      ...[id, after, limit],
    )
    return rows.map(({ idx, body, value }) => ({ index: Number(idx), item: parse(body), value: parse(value) }))
  }

  failures(id: string, limit: number): Failure[] {
    const items = this.#all(
      "SELECT idx, body, value FROM items WHERE batch = ? AND status = 'dead' ORDER BY idx LIMIT ?",
      ...[id, limit],
    )
    const pods = this.#all('SELECT at, failure FROM pod_failures WHERE batch = ? ORDER BY at LIMIT ?', id, limit)
    return [
      ...items.map(({ idx, body, value }) => ({
        of: 'item' as const,
        index: Number(idx),
        item: parse(body),
        reason: String(parse(value)),
      })),
      ...pods.map(({ at, failure }) => ({ of: 'pod' as const, at: iso(at) ?? '', ...(parse(failure) as PodFailure) })),
    ]
  }

  /** The run over time; undefined before its end, and when there was no Job. */
  timeline(id: string): Timeline | undefined {
    const row = this.#get('SELECT timeline FROM batches WHERE id = ?', id)
    return (parse(row?.timeline) as Timeline | null) ?? undefined
  }

  /** Which items the broker has confirmed: the journal of `enqueue`. */
  journal(id: string): Journal {
    const run = this.#runOf(id)
    const published = 'SELECT place, digest FROM items WHERE batch = ? AND run = ? AND digest IS NOT NULL'
    return {
      open: async () => ({
        id: this.runId(id),
        records: this.#all(published, id, run).map(({ place, digest }) => ({
          index: Number(place),
          digest: String(digest),
        })),
      }),
      append: async (records) =>
        this.#transaction(() => {
          const update = this.#db.prepare('UPDATE items SET digest = ? WHERE batch = ? AND run = ? AND place = ?')
          for (const { index, digest } of records) update.run(digest, id, run, index)
        }),
      close: async () => {},
    }
  }

  /** The place in the results log up to which the results are here; undefined before the first. */
  offset(id: string): number | undefined {
    const offset = this.#get('SELECT log_offset FROM batches WHERE id = ?', id)?.log_offset
    return typeof offset === 'number' ? offset : undefined
  }

  /** Keeps results together with their place in the log: after a crash neither is there without the other. */
  addResults(id: string, results: readonly ItemResult<unknown>[]): void {
    this.#transaction(() => {
      const run = this.#runOf(id)
      const update = this.#db.prepare(
        'UPDATE items SET status = ?, value = ? WHERE batch = ? AND run = ? AND place = ? AND status IS NULL',
      )
      const count = { done: 0, dead: 0 }
      for (const result of results) {
        const status = result.status === 'done' ? 'done' : 'dead'
        const value = result.status === 'done' ? result.value : result.reason
        count[status] += Number(update.run(status, JSON.stringify(value ?? null), id, run, result.index).changes)
      }
      this.#run(
        'UPDATE batches SET done = done + ?, dead = dead + ?, log_offset = ? WHERE id = ?',
        ...[count.done, count.dead, results.at(-1)?.offset ?? null, id],
      )
    }, id)
  }

  addPodFailure(id: string, failure: PodFailure): void {
    this.#run(
      'INSERT OR IGNORE INTO pod_failures (batch, pod, at, failure) VALUES (?, ?, ?, ?)',
      ...[id, failure.name, Date.now(), JSON.stringify(failure)],
    )
    this.#tell(id)
  }

  setPods(id: string, { active, ready, succeeded, failed }: JobCounts): void {
    this.#run(
      'UPDATE batches SET pods = ?, note = NULL WHERE id = ?',
      ...[JSON.stringify({ active, ready, succeeded, failed }), id],
    )
    this.#tell(id)
  }

  setNote(id: string, note: string | null): void {
    this.#run('UPDATE batches SET note = ? WHERE id = ?', note, id)
    this.#tell(id)
  }

  start(id: string): void {
    this.#run("UPDATE batches SET state = 'running', started_at = coalesce(started_at, ?) WHERE id = ?", Date.now(), id)
    this.#tell(id)
  }

  /** Returns whether it could still be cancelled. */
  cancel(id: string): boolean {
    const sql = "UPDATE batches SET state = 'cancelling' WHERE id = ? AND state IN ('waiting', 'running', 'cancelling')"
    const { changes } = this.#db.prepare(sql).run(id)
    this.#tell(id)
    return changes === 1
  }

  end(id: string, { state, error, timeline }: BatchEnd): void {
    this.#run(
      'UPDATE batches SET state = ?, error = ?, timeline = ?, ended_at = ?, note = NULL WHERE id = ?',
      ...[state, JSON.stringify(error ?? null), JSON.stringify(timeline ?? null), Date.now(), id],
    )
    this.#tell(id)
  }

  /** Lets a batch that is over wait for another run, over its items that have no result. Returns whether it may: see `canRetry`. */
  retry(id: string, traceparent: string | null = null): boolean {
    return this.#transaction(() => {
      const { canRetry, run } = this.batch(id) ?? {}
      if (canRetry !== true || run === undefined) return false
      this.#run(
        `UPDATE batches SET state = 'waiting', run = run + 1, done_before = done, dead = 0, log_offset = NULL, cleaned = 0,
          started_at = NULL, ended_at = NULL, pods = NULL, error = NULL, timeline = NULL, traceparent = ? WHERE id = ?`,
        ...[traceparent, id],
      )
      const again = this.#db.prepare(
        'UPDATE items SET run = ?, place = ?, digest = NULL, status = NULL, value = NULL WHERE batch = ? AND idx = ?',
      )
      const left = this.#all("SELECT idx FROM items WHERE batch = ? AND status IS NOT 'done' ORDER BY idx", id)
      for (const [place, { idx }] of left.entries()) again.run(run + 1, place, id, Number(idx))
      return true
    }, id)
  }

  /** Forgets a batch that is over. Returns whether it is. */
  remove(id: string): boolean {
    return this.#transaction(() => {
      if (this.#get('SELECT 1 FROM batches WHERE id = ? AND cleaned = 1', id) === undefined) return false
      for (const table of ['items', 'pod_failures']) this.#run(`DELETE FROM ${table} WHERE batch = ?`, id)
      this.#run('DELETE FROM batches WHERE id = ?', id)
      return true
    }, id)
  }

  /** Nothing of it is on the broker any more. */
  cleaned(id: string): void {
    this.#run('UPDATE batches SET cleaned = 1 WHERE id = ?', id)
    this.#tell(id)
  }

  /** Calls back with the id of each batch that changes, until the function that is returned is called. */
  onChange(listener: (id: string) => void): () => void {
    this.#changed.add(listener)
    return () => this.#changed.delete(listener)
  }

  close(): void {
    this.#db.close()
  }

  #runOf(id: string): number {
    return Number(this.#get('SELECT run FROM batches WHERE id = ?', id)?.run ?? 1)
  }

  #tell(id: string): void {
    for (const listener of this.#changed) listener(id)
  }

  #transaction<T>(action: () => T, changes?: string): T {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      const value = action()
      this.#db.exec('COMMIT')
      if (changes !== undefined) this.#tell(changes)
      return value
    } catch (error) {
      this.#db.exec('ROLLBACK')
      throw error
    }
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    this.#db.prepare(sql).run(...values)
  }

  #get(sql: string, ...values: (string | number | null)[]): Row | undefined {
    return this.#db.prepare(sql).get(...values)
  }

  #all(sql: string, ...values: (string | number | null)[]): Row[] {
    return this.#db.prepare(sql).all(...values)
  }
}

/** An idempotency key came again with other items. */
export class KeyReused extends Error {
  constructor(id: string) {
    super(`The Idempotency-Key belongs to batch ${id}, which has other items.`)
  }
}

type Row = Readonly<Record<string, unknown>>

function toBatch(row: Row): Batch {
  const [total, done, dead] = [Number(row.total), Number(row.done), Number(row.dead)]
  const seconds = row.started_at === null ? 0 : (Number(row.ended_at ?? Date.now()) - Number(row.started_at)) / 1000
  return {
    id: String(row.id),
    state: row.state as BatchState,
    total,
    done,
    dead,
    left: total - done - dead,
    parallelism: Number(row.parallelism),
    run: Number(row.run),
    canRetry: row.cleaned === 1 && done < total,
    createdAt: iso(row.created_at) ?? '',
    startedAt: iso(row.started_at),
    endedAt: iso(row.ended_at),
    rate: seconds > 0 ? Math.round(((done - Number(row.done_before) + dead) / seconds) * 10) / 10 : 0,
    pods: parse(row.pods) as Batch['pods'],
    note: row.note as string | null,
    error: parse(row.error) as BatchError | null,
    hasPicture: row.timeline !== null && row.timeline !== 'null',
  }
}

function iso(time: unknown): string | null {
  return time === null || time === undefined ? null : new Date(Number(time)).toISOString()
}

function parse(json: unknown): unknown {
  return typeof json === 'string' ? JSON.parse(json) : null
}
