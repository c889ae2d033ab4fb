import { closeSync, constants, existsSync, openSync, readSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type ContainerState, kubeTime, type Pod } from '../objects/objects.ts'
import type { ContainerRecord } from './container-record.ts'
import { logFile, logTail } from './log-file.ts'

/** Bytes of a termination message that Kubernetes keeps. */
const MAX_MESSAGE_BYTES = 4096

/** The start time of a container that never started, as Kubernetes writes it. */
export const NEVER = '1970-01-01T00:00:00Z'

/**
 * The file of a container's termination message; PODQUEUE_TERMINATION_LOG in its environment names it. All are in one folder:
 * most containers write none, and a folder for each would cost more than the rest of a short run.
 */
export function messageFile(folder: string, pod: Pod, container: string, restarts: number): string {
  return join(messageFolder(folder), `${pod.metadata.uid}-${container}-${restarts}`)
}

export function messageFolder(folder: string): string {
  return join(folder, 'messages')
}

/** A container's process has ended. */
export function exitedState(
  folder: string,
  pod: Pod,
  record: ContainerRecord,
  exitCode: number,
  at: number,
): ContainerState {
  const message = lastWords(folder, pod, record, exitCode)
  return {
    terminated: {
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      ...(message !== '' && { message }),
      startedAt: record.state.running?.startedAt ?? kubeTime(at),
      finishedAt: kubeTime(at),
      ...containerIdOf(record),
    },
  }
}

/** A container's process could not be started. */
export function startErrorState(record: ContainerRecord, message: string, at: number): ContainerState {
  return {
    terminated: {
      exitCode: 128,
      reason: 'StartError',
      message,
      startedAt: NEVER,
      finishedAt: kubeTime(at),
      ...containerIdOf(record),
    },
  }
}

/** The state of a container that had not started, or not started again, when its pod ended. */
export function abandonedState({ lastState }: ContainerRecord, at: number): ContainerState {
  if (lastState.terminated) return lastState
  const message = 'The container could not be located when the pod was terminated'
  return {
    terminated: {
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message,
      startedAt: NEVER,
      finishedAt: kubeTime(at),
    },
  }
}

function lastWords(folder: string, pod: Pod, { spec, restarts }: ContainerRecord, exitCode: number): string {
  const written = takeMessage(folder, pod, spec.name, restarts)
  if (written !== '' || exitCode === 0 || spec.terminationMessagePolicy !== 'FallbackToLogsOnError') return written
  return logTail(logFile(folder, pod.metadata.uid, spec.name, restarts))
}

/** The message that a run has left. Its file is gone then. */
export function takeMessage(folder: string, pod: Pod, container: string, restarts: number): string {
  const file = messageFile(folder, pod, container, restarts)
  if (!existsSync(file)) return ''
  const text = readStart(file)
  rmSync(file, { force: true, recursive: true })
  return text
}

/** Reads no more than is kept, however much was written. A path that is not a file gives an empty text. */
function readStart(file: string): string {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const buffer = Buffer.alloc(MAX_MESSAGE_BYTES)
      return buffer.toString('utf8', 0, readSync(fd, buffer))
    } finally {
      closeSync(fd)
    }
  } catch {
    return ''
  }
}

function containerIdOf({ containerId }: ContainerRecord): { containerID?: string } {
  return containerId === undefined ? {} : { containerID: containerId }
}
