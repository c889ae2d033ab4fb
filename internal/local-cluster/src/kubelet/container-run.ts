import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Pod } from '../objects/objects.ts'
import type { ContainerRun } from '../supervisor/protocol.ts'
import type { ContainerRecord } from './container-record.ts'
import { environmentOf, expand } from './environment.ts'
import type { ResolvedImage } from './image.ts'
import { logFile } from './log-file.ts'
import { withRealPaths } from './mount-paths.ts'
import type { PodSurroundings } from './pod-surroundings.ts'
import { messageFile } from './termination.ts'
import { mountsOf } from './volumes.ts'

/** The process of a container, or the missing object that it waits for, or why it cannot be started at all. */
export type PreparedRun =
  | { readonly run: ContainerRun }
  | { readonly missing: string }
  | { readonly impossible: string }

/** Puts a container's command, environment and folders together. */
export function prepareRun(
  { spec, restarts }: ContainerRecord,
  pod: Pod,
  { entrypoint, programs }: ResolvedImage,
  { store, folder, cwd, inherited }: PodSurroundings,
): PreparedRun {
  const environment = environmentOf(spec, pod, store)
  if ('missing' in environment) return environment
  const { variables } = environment
  const message = messageFile(folder, pod, spec.name, restarts)
  const { terminationMessagePath: mountPath } = spec
  const mounts = [...mountsOf(spec, pod, folder), ...(mountPath ? [{ mountPath, path: message }] : [])]
  const workingDirectory = resolve(cwd, withRealPaths(spec.workingDir ?? '.', mounts))
  if (!existsSync(workingDirectory)) {
    return { impossible: `chdir to cwd ("${workingDirectory}"): no such file or directory` }
  }
  const [program = '', ...args] = [...(spec.command ?? entrypoint), ...(spec.args ?? [])].map((word) =>
    expand(word, variables),
  )
  const own = Object.entries(variables).map(([name, value]) => [name, withRealPaths(value, mounts)])
  return {
    run: {
      // With the variables as they were written: their paths are replaced once, here.
      command: [
        Object.hasOwn(programs, program) ? (programs[program] ?? program) : withRealPaths(program, mounts),
        ...args.map((word) => withRealPaths(word, mounts)),
      ],
      cwd: workingDirectory,
      logFile: logFile(folder, pod.metadata.uid, spec.name, restarts),
      env: {
        ...inherited,
        HOSTNAME: pod.spec.hostname ?? pod.metadata.name,
        PODQUEUE_TERMINATION_LOG: message,
        ...Object.fromEntries(own),
      },
    },
  }
}

/** The supervisor's name for one run of a container. */
export function runIdOf(pod: Pod, container: string, restarts: number): string {
  return `${pod.metadata.uid}/${container}/${restarts}`
}
