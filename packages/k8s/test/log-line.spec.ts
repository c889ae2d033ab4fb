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
