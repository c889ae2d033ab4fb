import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../src/objects/objects.ts'
import { CONFIG_MAPS, SECRETS } from '../src/store/resource-types.ts'
import { type Change, Store } from '../src/store/store.ts'

interface Counter extends KubeObject {
  readonly count: number
}

const counter = (name: string): Counter => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', uid: randomUUID(), resourceVersion: '', creationTimestamp: '' },
  count: 0,
})

const told = ({ type, version, object }: Change) => `${version} ${type} ${object.metadata.name}`

describe('a store tells its changes', () => {
  it('in order to every listener, also when a listener makes changes itself', () => {
    const store = new Store()
    const [before, after]: [string[], string[]] = [[], []]
    store.onChange((change) => before.push(told(change)))
    store.onChange(({ type, object }) => {
      if (type === 'ADDED') store.update<Counter>(CONFIG_MAPS, object, (now) => ({ ...now, count: 1 }))
      if (type === 'MODIFIED') store.remove(CONFIG_MAPS, 'default', object.metadata.name)
    })
    store.onChange((change) => after.push(told(change)))
    store.create(CONFIG_MAPS, counter('a'))
    expect(before).toEqual(['2 ADDED a', '3 MODIFIED a', '4 DELETED a'])
    expect(after).toEqual(before)
    expect(store.since(CONFIG_MAPS, 1)?.map(told)).toEqual(before)
  })

  it('once: a listener that begins within a change hears what comes after its list', () => {
    const store = new Store()
    const heard: string[] = []
    let listed: readonly KubeObject[] = []
    const stop = store.onChange(({ object }) => {
      stop()
      store.update<Counter>(CONFIG_MAPS, object, (now) => ({ ...now, count: 1 }))
      listed = store.list(CONFIG_MAPS)
      store.onChange((change) => heard.push(told(change)))
      store.update<Counter>(CONFIG_MAPS, object, (now) => ({ ...now, count: 2 }))
    })
    store.create(CONFIG_MAPS, counter('a'))
    expect(listed).toMatchObject([{ count: 1 }])
    expect(heard).toEqual(['4 MODIFIED a'])
  })

  it('to every listener, also when one of them throws', () => {
    const store = new Store()
    const heard: string[] = []
    store.onChange(({ type, object }) => {
      if (type === 'ADDED') store.remove(CONFIG_MAPS, 'default', object.metadata.name)
      throw new Error('broken listener')
    })
    store.onChange((change) => heard.push(told(change)))
    expect(() => store.create(CONFIG_MAPS, counter('a'))).toThrow('broken listener')
    expect(heard).toEqual(['2 ADDED a', '3 DELETED a'])
    expect(() => store.create(SECRETS, counter('b'))).toThrow('broken listener')
    expect(heard.slice(2)).toEqual(['4 ADDED b'])
  })

  it('in order through 10,000 random ones, made by several writers and by listeners in answer to them', () => {
    const store = new Store()
    let state = 1
    const random = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31
      return state % below
    }
    let left = 10_000
    const write = (): void => {
      left--
      const type = random(2) === 0 ? CONFIG_MAPS : SECRETS
      const name = `object-${random(30)}`
      const current = store.get<Counter>(type, 'default', name)
      if (current === undefined) store.create(type, counter(name))
      else if (random(4) === 0) store.remove(type, 'default', name)
      else store.update<Counter>(type, current, (now) => ({ ...now, count: now.count + 1 }))
    }
    const watch = () => {
      const held = new Map<string, KubeObject>()
      let last = 0
      store.onChange(({ type, resource, version, object }) => {
        expect(version).toBeGreaterThan(last)
        expect(object.metadata.resourceVersion).toBe(String(version))
        last = version
        const at = `${resource.kind} ${object.metadata.name}`
        if (type === 'DELETED') held.delete(at)
        else held.set(at, object)
      })
      return held
    }
    const reader = () => ({ held: watch() })
    const writer = () => store.onChange(() => left > 0 && random(3) === 0 && write())
    const readers = [reader(), writer(), reader(), writer(), writer(), reader()].filter((each) => 'held' in each)
    while (left > 0) write()
    const all = [CONFIG_MAPS, SECRETS].flatMap((type) => store.list(type).map((object) => [type.kind, object] as const))
    expect(readers).toHaveLength(3)
    for (const { held } of readers) {
      expect(held.size).toBe(all.length)
      for (const [kind, object] of all) expect(held.get(`${kind} ${object.metadata.name}`)).toBe(object)
    }
  })
})
