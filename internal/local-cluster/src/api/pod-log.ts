import type { ServerResponse } from 'node:http'
import { badRequest } from '../answers/status-error.ts'
import type { Kubelet } from '../kubelet/kubelet.ts'
import { type LogLine, LogReader, logFile } from '../kubelet/log-file.ts'
import type { ContainerStatus, Pod } from '../objects/objects.ts'
import { isTrue, wholeNumber } from './request/request-options.ts'

/** Answers `pods/<name>/log`: tailLines, limitBytes, sinceTime, sinceSeconds, timestamps, previous, follow. */
export function podLog(
  folder: string,
  kubelet: Kubelet,
  pod: Pod,
  query: URLSearchParams,
  response: ServerResponse,
): void {
  const status = chooseContainer(pod, query.get('container'))
  const { name } = status
  const previous = isTrue(query.get('previous'))
  const where = `container "${name}" in pod "${pod.metadata.name}"`
  if (previous && status.restartCount === 0) {
    throw badRequest(`previous terminated ${where} not found`)
  }
  const { waiting } = status.state
  if (!previous && waiting && status.restartCount === 0) {
    const pulling = ['ErrImagePull', 'ImagePullBackOff'].includes(waiting.reason)
    throw badRequest(`${where} is waiting to start: ${pulling ? 'trying and failing to pull image' : waiting.reason}`)
  }
  // A container that waits for its next start shows the run before.
  const run = status.restartCount - (previous ? 1 : 0)
  const file = logFile(folder, pod.metadata.uid, name, run)
  const timestamps = isTrue(query.get('timestamps'))
  const since = sinceOf(query)
  const tail = wholeNumber(query, 'tailLines')
  const limit = wholeNumber(query, 'limitBytes')

  const reader = new LogReader(file)
  let lines = reader.read().filter(({ time }) => since === undefined || Date.parse(time) >= since)
  if (tail !== undefined) lines = tail <= 0 ? [] : lines.slice(-tail)

  let left = limit ?? Number.POSITIVE_INFINITY
  let startOfLine = true
  const send = (some: readonly LogLine[]) => {
    let text = ''
    for (const line of some) {
      if (timestamps && startOfLine) text += `${line.time} `
      text += line.whole ? `${line.text}\n` : line.text
      startOfLine = line.whole
    }
    text = text.slice(0, left)
    left -= text.length
    if (text !== '') response.write(Buffer.from(text, 'latin1'))
  }
  response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' })
  send(lines)
  if (!isTrue(query.get('follow')) || left <= 0) {
    reader[Symbol.dispose]()
    response.end()
    return
  }
  response.flushHeaders()
  let due: NodeJS.Immediate | undefined
  const look = () => {
    clearImmediate(due)
    due = undefined
    const over = !kubelet.isRunning(pod, name, run)
    send(reader.read())
    if (over || left <= 0) response.end()
  }
  const more = () => {
    // The end at once: a pod that is being deleted goes in the same turn, and its files with it.
    if (!kubelet.isRunning(pod, name, run)) look()
    // Once for a burst of output.
    else due ??= setImmediate(look)
  }
  const stop = kubelet.follow(pod, name, run, more)
  response.once('close', () => {
    stop()
    clearImmediate(due)
    reader[Symbol.dispose]()
  })
  more()
}

function chooseContainer({ metadata, spec, status }: Pod, wanted: string | null): ContainerStatus {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  const names = spec.containers.map(({ name }) => name)
  if (wanted === null && names.length > 1) {
    throw badRequest(`a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(' ')}]`)
  }
  const name = wanted ?? names[0] ?? ''
  const found = all.find((each) => each.name === name)
  if (found) return found
  if (wanted !== null && ![...names, ...(spec.initContainers ?? []).map((each) => each.name)].includes(wanted)) {
    throw badRequest(`container ${wanted} is not valid for pod ${metadata.name}`)
  }
  throw badRequest(`container "${name}" in pod "${metadata.name}" is waiting to start: ContainerCreating`)
}

/** The time from which lines are wanted. Throws a 400 for a wrong time. */
function sinceOf(query: URLSearchParams): number | undefined {
  const text = query.get('sinceTime')
  const time = text === null ? undefined : Date.parse(text)
  if (Number.isNaN(time)) throw badRequest(`parsing time ${JSON.stringify(text)}: cannot parse it as RFC 3339`)
  const seconds = wholeNumber(query, 'sinceSeconds')
  return time ?? (seconds === undefined ? undefined : Date.now() - seconds * 1000)
}
