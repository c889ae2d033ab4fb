import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A port of this machine that leads into a cluster. */
export interface PortForward extends AsyncDisposable {
  readonly port: number
}

/**
 * Forwards a free port of this machine to a port of a Service. `kubectl port-forward` ends as soon as the pod refuses one
 * connection, as it does while a broker in it restarts: another then takes its place, on the same port.
 */
export async function forwardPort(namespace: string, service: string, port: number): Promise<PortForward> {
  let isOver = false
  let forward: ChildProcess | undefined
  const open = async (local: number | ''): Promise<number | undefined> => {
    const child = spawn(
      'kubectl',
      ['--namespace', namespace, 'port-forward', `service/${service}`, `${local}:${port}`],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
    forward = child
    let opened: number | undefined
    for await (const line of createInterface(child.stdout)) {
      opened = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? Number.NaN)
      if (Number.isInteger(opened)) break
    }
    // Later output must not fill the pipe.
    child.stdout.resume()
    return opened
  }
  const first = await open('')
  if (first === undefined) throw new Error(`kubectl port-forward to service/${service} ended at once`)
  const keeping = (async () => {
    for (;;) {
      if (forward?.exitCode === null && forward.signalCode === null) await once(forward, 'exit')
      if (isOver) return
      await open(first)
    }
  })()
  return {
    port: first,
    [Symbol.asyncDispose]: async () => {
      isOver = true
      forward?.kill()
      await keeping
    },
  }
}
