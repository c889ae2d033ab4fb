import { describe, expect, it } from 'vitest'
import { nextTurn, type OrderedContainer } from '../src/kubelet/pod-turn.ts'

interface Named extends OrderedContainer {
  readonly name: string
}

/** `sidecar proxy running`, `init setup ended 0`, `main worker new`; a `!` after the progress: it has been told to end. */
function container(text: string): Named {
  const [role, name, progress, exitCode] = text.split(' ')
  return {
    role: role as Named['role'],
    name: name ?? '',
    progress: progress?.replace('!', '') as Named['progress'],
    exitCode: exitCode === undefined ? undefined : Number(exitCode),
    isStopping: progress?.endsWith('!') ?? false,
  }
}

function turn(texts: readonly string[], stopping = false) {
  const all = texts.map(container)
  const { start, stop, over } = nextTurn(
    all.filter(({ role }) => role !== 'main'),
    all.filter(({ role }) => role === 'main'),
    stopping,
  )
  return { start: start.map(({ name }) => name), stop: stop.map(({ name }) => name), over }
}

const WAITS = { start: [], stop: [], over: false }

describe('the containers of a pod', () => {
  it('start one init container at a time, then all main containers', () => {
    expect(turn(['init a new', 'init b new', 'main c new'])).toEqual({ ...WAITS, start: ['a'] })
    expect(turn(['init a running', 'init b new', 'main c new'])).toEqual(WAITS)
    expect(turn(['init a ended 0', 'init b new', 'main c new'])).toEqual({ ...WAITS, start: ['b'] })
    expect(turn(['init a ended 0', 'init b ended 0', 'main c new', 'main d new'])).toEqual({
      ...WAITS,
      start: ['c', 'd'],
    })
  })

  it('wait for a sidecar to run, not to end', () => {
    expect(turn(['sidecar a waiting', 'init b new', 'main c new'])).toEqual(WAITS)
    expect(turn(['sidecar a running', 'init b new', 'main c new'])).toEqual({ ...WAITS, start: ['b'] })
    expect(turn(['sidecar a running', 'init b ended 0', 'main c new'])).toEqual({ ...WAITS, start: ['c'] })
  })

  it('wait for nothing any more when a sidecar is down after the main containers have started', () => {
    expect(turn(['sidecar a waiting', 'main b running'])).toEqual(WAITS)
  })

  it('end with the last main container, not with the first', () => {
    expect(turn(['main a ended 1', 'main b running'])).toEqual(WAITS)
    expect(turn(['main a ended 1', 'main b ended 0'])).toEqual({ ...WAITS, over: true })
    expect(turn(['main a ended 1', 'main b waiting'])).toEqual(WAITS)
  })

  it('end the sidecars afterwards, the last one first and one at a time', () => {
    expect(turn(['sidecar a running', 'sidecar b running', 'main c ended 0'])).toEqual({ ...WAITS, stop: ['b'] })
    expect(turn(['sidecar a running', 'sidecar b running!', 'main c ended 0'])).toEqual(WAITS)
    expect(turn(['sidecar a running', 'sidecar b ended 143', 'main c ended 0'])).toEqual({ ...WAITS, stop: ['a'] })
    expect(turn(['sidecar a ended 1', 'sidecar b ended 143', 'main c ended 0'])).toEqual({ ...WAITS, over: true })
  })

  it('end a sidecar that waits for its restart, too', () => {
    expect(turn(['sidecar a waiting', 'main b ended 0'])).toEqual({ ...WAITS, stop: ['a'] })
  })

  it('end when an init container has failed, without a start of the others', () => {
    expect(turn(['init a ended 5', 'init b new', 'main c new'])).toEqual({ ...WAITS, over: true })
    expect(turn(['sidecar a running', 'init b ended 5', 'main c new'])).toEqual({ ...WAITS, stop: ['a'] })
  })

  it('end together when the pod is deleted, except for the sidecars', () => {
    expect(turn(['sidecar a running', 'main b running', 'main c waiting'], true)).toEqual({
      ...WAITS,
      stop: ['b', 'c'],
    })
    expect(turn(['sidecar a running', 'init b running', 'main c new'], true)).toEqual({ ...WAITS, stop: ['b'] })
    expect(turn(['sidecar a running', 'main b ended 143'], true)).toEqual({ ...WAITS, stop: ['a'] })
    expect(turn(['init a new', 'main b new'], true)).toEqual({ ...WAITS, over: true })
  })
})
