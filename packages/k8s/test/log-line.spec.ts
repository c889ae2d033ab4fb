import { expect, test } from 'vitest'
import { linesOf } from '../src/api/lines.ts'
import { LogPosition } from '../src/logs/log-line.ts'

test('reading on after a cut gives each line once, also several of one moment', () => {
  const position = new LogPosition()
  const first = ['2026-01-01T10:00:00.5Z a', '2026-01-01T10:00:01.000000001Z b', '2026-01-01T10:00:01.000000001Z c']
  expect(first.map((line) => position.take(line))).toEqual(['a', 'b', 'c'])
  expect(position.sinceTime).toBe('2026-01-01T10:00:00Z')
  position.resume()
  const again = [
    '2026-01-01T10:00:01.000000001Z b',
    '2026-01-01T10:00:01.000000001Z c',
    '2026-01-01T10:00:01.000000001Z d',
    '2026-01-01T10:00:02Z e',
  ]
  expect(again.map((line) => position.take(line))).toEqual([undefined, undefined, 'd', 'e'])
})

test('a cut in the first lines that are sent again loses nothing', () => {
  const position = new LogPosition()
  const lines = ['2026-01-01T10:00:01.1Z a', '2026-01-01T10:00:01.1Z b']
  expect(lines.map((line) => position.take(line))).toEqual(['a', 'b'])
  position.resume()
  expect(position.take('2026-01-01T10:00:01.1Z a')).toBeUndefined()
  position.resume()
  expect([...lines, '2026-01-01T10:00:01.1Z c'].map((line) => position.take(line))).toEqual([undefined, undefined, 'c'])
})

test('standard output and standard error interleave: a line that is older than the one above it is a line too', () => {
  const position = new LogPosition()
  const lines = ['2026-01-01T10:00:01.3Z out', '2026-01-01T10:00:01.1Z err', '2026-01-01T10:00:00.9Z late']
  expect(lines.map((line) => position.take(line))).toEqual(['out', 'err', 'late'])
  position.resume()
  const more = ['2026-01-01T10:00:01.2Z err 2', '2026-01-01T10:00:00.95Z late 2']
  expect([...lines, ...more].map((line) => position.take(line))).toEqual([
    undefined,
    undefined,
    undefined,
    'err 2',
    'late 2',
  ])
})

test('two streams of 5,000 lines each, cut at every place: each line once', () => {
  const stampOf = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toISOString()
  // A file in which each pair of lines stands in the wrong order.
  const file = Array.from({ length: 5000 }, (_, index) => [
    `${stampOf(index + 2)} out ${index}`,
    `${stampOf(index)} err ${index}`,
  ]).flat()
  const position = new LogPosition()
  const taken: string[] = []
  for (let cut = 0; cut <= file.length; cut += 997) {
    position.resume()
    // The server sends what is stamped from that time on, up to where the connection is cut.
    const since = position.sinceTime === undefined ? '' : position.sinceTime.replace('Z', '')
    for (const line of file.slice(0, cut + 997).filter((stamped) => stamped >= since)) {
      const text = position.take(line)
      if (text !== undefined) taken.push(text)
    }
  }
  expect(taken.toSorted()).toEqual(file.map((line) => line.slice(25)).toSorted())
})

test('an empty line is a line, and one without a time stamp is itself', () => {
  const position = new LogPosition()
  expect(position.take('2026-01-01T10:00:01.1Z ')).toBe('')
  expect(position.take('unable to retrieve container logs')).toBe('unable to retrieve container logs')
})

test('lines and characters that span chunks come whole', async () => {
  const bytes = Buffer.from('äpfel\nbirnen\n\nkein Ende ß')
  const lines: string[] = []
  const chunks = async function* () {
    for (const byte of bytes) yield Uint8Array.of(byte)
  }
  for await (const line of linesOf(chunks())) lines.push(line)
  expect(lines).toEqual(['äpfel', 'birnen', '', 'kein Ende ß'])
})
