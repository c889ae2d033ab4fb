/**
 * The program of the supervisor process: the parent of every container of a local cluster. It outlives its own parent by a
 * moment and ends every process that the cluster started, however the cluster itself ended.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ContainerProcess } from './container-process.ts'
import { OutputPipes } from './output-pipes.ts'
import { killMarked } from './process-tree.ts'
import type { ContainerRun, SupervisorReport, SupervisorRequest } from './protocol.ts'

/** From SIGTERM to SIGKILL when the cluster ends: with what follows it stays below two seconds. */
const END_GRACE_MS = 1000

const [folder = '', clusterId = ''] = process.argv.slice(2)
const containers = new Map<string, ContainerProcess>()
const starting = new Set<string>()
/** Stops that came while a pipe was being made for the start before them. */
const stopped = new Map<string, number>()
const followed = new Set<string>()
const pipeFolder = join(folder, 'pipes')
mkdirSync(pipeFolder, { recursive: true, mode: 0o700 })
const pipes = new OutputPipes(pipeFolder)
let ending = false

/** Reports of this turn, sent in one message: each message wakes the parent up while it starts pods. */
let reports: SupervisorReport[] = []

function report(message: SupervisorReport): void {
  if (reports.push(message) === 1) setImmediate(sendReports)
}

function sendReports(): void {
  const news = reports
  reports = []
  // Without a listener for errors a parent that has just gone would be an uncaught exception here.
  if (process.connected) process.send?.(news, undefined, undefined, () => {})
}

async function start(id: string, run: ContainerRun): Promise<void> {
  starting.add(id)
  try {
    const pipe = await pipes.take()
    const container = new ContainerProcess(run, `${clusterId}/${id}`, pipe, {
      started: (pid) => report({ type: 'started', id, pid, at: Date.now() }),
      notStarted: (message) => {
        containers.delete(id)
        report({ type: 'notStarted', id, message, at: Date.now() })
      },
      output: () => {
        if (followed.has(id)) report({ type: 'output', id })
      },
      exited: (exitCode) => {
        containers.delete(id)
        followed.delete(id)
        report({ type: 'exited', id, exitCode, at: Date.now() })
        if (ending && containers.size === 0) leave()
      },
    })
    containers.set(id, container)
    const graceMs = ending ? END_GRACE_MS : stopped.get(id)
    if (graceMs !== undefined) container.stop(graceMs)
  } catch (error) {
    report({ type: 'notStarted', id, message: error instanceof Error ? error.message : String(error), at: Date.now() })
  } finally {
    starting.delete(id)
    stopped.delete(id)
  }
}

function end(): void {
  if (ending) return
  ending = true
  if (containers.size === 0) leave()
  for (const container of containers.values()) container.stop(END_GRACE_MS)
  setTimeout(leave, END_GRACE_MS + 400)
}

function leave(): never {
  killMarked(`${clusterId}/`)
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  process.exit(0)
}

function receive(request: SupervisorRequest): void {
  if (ending) return
  switch (request.type) {
    case 'start':
      void start(request.id, request.run)
      break
    case 'stop':
      if (starting.has(request.id)) stopped.set(request.id, request.graceMs)
      containers.get(request.id)?.stop(request.graceMs)
      break
    case 'follow':
      if (request.on) {
        followed.add(request.id)
        // Output before this request was not reported: the follower looks once more.
        report({ type: 'output', id: request.id })
      } else followed.delete(request.id)
  }
}

process.on('message', (requests: readonly SupervisorRequest[]) => {
  for (const request of requests) receive(request)
})
// The channel closes when the parent ends, also by SIGKILL.
process.on('disconnect', end)
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end)
report({ type: 'ready' })
