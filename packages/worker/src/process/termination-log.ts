import { ENV } from '@internal/contract'
import { showText } from '@internal/errors'

/** Kubernetes keeps this much of a termination message, bytes. */
const MAX_BYTES = 4_096

const DEFAULT_PATH = '/dev/termination-log'

/**
 * Leaves the cause of a failure where `kubectl describe pod` shows it
 * (https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/). Writes to a regular file or a
 * character device only, and never blocks: a FIFO without a reader would stop the process here.
 */
export function writeTerminationLog(text: string, environment: NodeJS.ProcessEnv = process.env): void {
  const path = environment[ENV.terminationLog] ?? DEFAULT_PATH
  if (path === '') return
  const fs = process.getBuiltinModule('node:fs')
  const { O_CREAT, O_NONBLOCK, O_WRONLY } = fs.constants
  // The default file is there when the kubelet has made it, and is not created elsewhere.
  const create = path === DEFAULT_PATH ? 0 : O_CREAT
  let file: number | undefined
  try {
    // A device or a FIFO is not looked at before it is opened, because it might be replaced in between.
    file = fs.openSync(path, O_WRONLY | O_NONBLOCK | create)
    const status = fs.fstatSync(file)
    if (!status.isFile() && !status.isCharacterDevice()) return
    if (status.isFile()) fs.ftruncateSync(file)
    fs.writeSync(file, showText(text, { multiline: true, maxBytes: MAX_BYTES }))
  } catch {
    // The exit code and the line on stderr say the same. A file that cannot be written must not hide them.
  } finally {
    if (file !== undefined) fs.closeSync(file)
  }
}
