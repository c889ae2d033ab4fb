import { describe, expect, it } from 'vitest'
import { withRealPaths } from '../src/kubelet/mount-paths.ts'

const mounts = [
  { mountPath: '/data', path: '/real/data' },
  { mountPath: '/data/deep', path: '/real/deep' },
  { mountPath: '/dev/termination-log', path: '/real/log' },
  { mountPath: '/w+x', path: '/real/plus' },
]

describe('the path of a mount becomes the real path', () => {
  it.each([
    ['alone', '/data', '/real/data'],
    ['before the path of a file', '/data/a.txt', '/real/data/a.txt'],
    ['in a flag', '--out=/data/a', '--out=/real/data/a'],
    [
      'in a script',
      'cat /data/a >/dev/termination-log;ls "/data" \'/data\'',
      'cat /real/data/a >/real/log;ls "/real/data" \'/real/data\'',
    ],
    ['in a list of paths', '/usr:/data:/data/deep', '/usr:/real/data:/real/deep'],
    ['in JSON', '{"a":"/data/x","b":["/data"]}', '{"a":"/real/data/x","b":["/real/data"]}'],
    ['with characters that mean something in a pattern', 'ls /w+x', 'ls /real/plus'],
  ])('%s', (_, text, real) => {
    expect(withRealPaths(text, mounts)).toBe(real)
  })

  it('of the longest mount, in whatever order they are', () => {
    for (const order of [mounts, mounts.toReversed()]) {
      expect(withRealPaths('/data/deep/a /data/other', order)).toBe('/real/deep/a /real/data/other')
    }
  })

  it('once: a real path that looks like a mount stays', () => {
    const inside = [
      { mountPath: '/tmp', path: '/tmp/cluster/tmp' },
      { mountPath: '/tmp/cluster', path: '/elsewhere' },
    ]
    expect(withRealPaths('cat /tmp/a', inside)).toBe('cat /tmp/cluster/tmp/a')
  })
})

describe('a text stays when the mount is a part of another path or name', () => {
  it.each([
    '/data-2',
    '/data.txt',
    '/datasets',
    '/mnt/data',
    './data',
    '~/data',
    '$DIR/data',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
    '${DIR}/data',
    '$(pwd)/data',
    'http://data/a',
    'host/data',
    's/a\\/data/b/',
  ])('%s', (text) => {
    expect(withRealPaths(text, mounts)).toBe(text)
  })

  it('and when the whole file system is a mount, except for that alone', () => {
    const whole = [{ mountPath: '/', path: '/real' }]
    expect(withRealPaths('/', whole)).toBe('/real')
    expect(withRealPaths('ls /usr', whole)).toBe('ls /usr')
  })
})
