import { existsSync, writeFileSync } from 'node:fs'
import { ENV } from '@internal/contract'

/**
 * Leaves the cause of a failure where `kubectl describe pod` shows it
 * (https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/).
 */
export function writeTerminationLog(text: string, environment: NodeJS.ProcessEnv = process.env): void {
  const path = environment[ENV.terminationLog] ?? (existsSync(DEFAULT_PATH) ? DEFAULT_PATH : undefined)
  if (path === undefined || path === '') return
  try {
    // Kubernetes keeps 4096 bytes.
    writeFileSync(path, text.slice(0, 4_000))
  } catch {
    // The exit code and the line on stderr say the same. A file that cannot be written must not hide them.
  }
}

const DEFAULT_PATH = '/dev/termination-log'
