import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { killMarked, signalGroup } from './process-tree.ts'
import type { ContainerRun, SupervisorReport, SupervisorRequest } from './protocol.ts'
import { supervisorFile } from './supervisor-file.ts'

/** Called as the run of one container goes on. */
export interface RunListener {
  started(at: number): void
  notStarted(message: string, at: number): void
  exited(exitCode: number, at: number): void
}

interface Run {
  readonly listener: RunListener
  readonly followers: Set<() => void>
  pid?: number
}

/** The cluster's side of the supervisor process. */
export class Supervisor implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #clusterId: string
  readonly #runs = new Map<string, Run>()
  readonly #gone: Promise<unknown>
  #requests: SupervisorRequest[] = []

  private constructor(child: ChildProcess, clusterId: string) {
    this.#child = child
    this.#clusterId = clusterId
    this.#gone = once(child, 'exit').then(() => this.#lost())
    child.on('message', (reports: readonly SupervisorReport[]) => {
      for (const report of reports) this.#receive(report)
    })
  }

  /** Starts the process. It removes `folder` when it ends. */
  static async start(folder: string, clusterId: string): Promise<Supervisor> {
    const child = fork(supervisorFile(import.meta.url), [folder, clusterId], {
      // Not the parent's flags: an inspector's port, a loader or a test runner's hooks are its own.
      execArgv: [],
      // A session of its own: Ctrl-C in a terminal reaches the parent only, and the supervisor tidies up after it.
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { PATH: process.env.PATH ?? '' },
    })
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve())
      child.once('error', reject)
      child.once('exit', (code, signal) =>
        reject(new Error(`the supervisor process ended at once (${signal ?? code})`)),
      )
    })
    child.removeAllListeners('exit')
    return new Supervisor(child, clusterId)
  }

  run(id: string, run: ContainerRun, listener: RunListener): void {
    this.#runs.set(id, { listener, followers: new Set() })
    this.#send({ type: 'start', id, run })
  }

  stop(id: string, graceMs: number): void {
    if (this.#runs.has(id)) this.#send({ type: 'stop', id, graceMs })
  }

  isRunning(id: string): boolean {
    return this.#runs.has(id)
  }

  /** Calls back on each piece of output and once at the end of the run. Returns how to stop that. */
  follow(id: string, onOutput: () => void): () => void {
    const run = this.#runs.get(id)
    if (!run) return () => {}
    if (run.followers.size === 0) this.#send({ type: 'follow', id, on: true })
    run.followers.add(onOutput)
    return () => {
      run.followers.delete(onOutput)
      if (run.followers.size === 0) this.#send({ type: 'follow', id, on: false })
    }
  }

  /** Ends every process and the supervisor itself, and waits until they are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#runs.clear()
    if (this.#child.connected) this.#child.disconnect()
    await this.#gone
  }

  /** Sends the requests of one turn in one message. */
  #send(request: SupervisorRequest): void {
    if (this.#requests.push(request) > 1) return
    setImmediate(() => {
      const requests = this.#requests
      this.#requests = []
      if (this.#child.connected) this.#child.send(requests, () => {})
    })
  }

  #receive(report: SupervisorReport): void {
    if (report.type === 'ready') return
    const run = this.#runs.get(report.id)
    if (!run) return
    switch (report.type) {
      case 'started':
        run.pid = report.pid
        run.listener.started(report.at)
        break
      case 'output':
        for (const follower of run.followers) follower()
        break
      case 'notStarted':
        this.#runs.delete(report.id)
        run.listener.notStarted(report.message, report.at)
        break
      case 'exited':
        this.#runs.delete(report.id)
        // First, while its files are there: with this its pod may be gone.
        for (const follower of run.followers) follower()
        run.listener.exited(report.exitCode, report.at)
    }
  }

  /** Somebody killed the supervisor: its containers end with it, as those of a dead node do. */
  #lost(): void {
    const runs = [...this.#runs.values()]
    this.#runs.clear()
    for (const { pid } of runs) if (pid !== undefined) signalGroup(pid, 'SIGKILL')
    if (runs.length > 0) killMarked(`${this.#clusterId}/`)
    for (const { listener, followers } of runs) {
      for (const follower of followers) follower()
      listener.exited(137, Date.now())
    }
  }
}
