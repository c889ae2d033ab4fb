import { expect, test } from 'vitest'
import { CodedError } from '../src/coded-error.ts'
import { describeThrown, Redactor, redact, showText } from '../src/index.ts'

test.each([
  ['a colour and a title', '\x1b[31mred\x1b[0m \x1b]0;title\x07end', 'red end'],
  ['a write to the clipboard', 'a\x1b]52;c;aGk=\x07b', 'ab'],
  ['an escape that is not whole', 'a\x1bc\x1b[2', /^a/],
  ['a C1 introducer', 'a\x9b2Jb', 'ab'],
  ['bells, backspaces, returns', 'a\x07b\x08c\rd', 'a\\x07b\\x08c\\rd'],
  ['an override of the direction', 'exe\u202egpj', 'exe\\u202egpj'],
  ['invisible tags', 'a\u{e0041}b\ufeff', 'a\\u{e0041}b\\ufeff'],
  ['half of a pair', 'a\ud800b', 'a\\ud800b'],
  ['line separators', 'a\u2028b\nc', 'a\\u2028b\\nc'],
])('control characters are shown as text or taken out: %s', (_, given, shown) => {
  if (typeof shown === 'string') expect(showText(given)).toBe(shown)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
  expect(showText(given)).not.toMatch(/[\x00-\x1f\x7f-\x9f]/)
})

test('words, emoji and scripts stay as they are', () => {
  for (const text of ['Größe 5 µm', '👩‍👩‍👧', 'می‌خواهم', '日本語']) expect(showText(text)).toBe(text)
})

test('lines stay lines where they are asked for', () => {
  expect(showText('a\n\tb\r\x1b[1mc', { multiline: true })).toBe('a\n\tb\\rc')
})

test('a long text is cut to 4 KiB, at a whole character, and says so', () => {
  for (const text of ['x'.repeat(5_000_000), '€'.repeat(3_000), '\x01'.repeat(2_000), 'é\u202e'.repeat(4_000)]) {
    const shown = showText(text)
    expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(4096)
    expect(shown).toMatch(/ … \(cut, \d+ characters in all\)$/)
    expect(shown).not.toContain('\ufffd')
  }
  expect(showText('x'.repeat(4096))).toBe('x'.repeat(4096))
})

test('a secret is hidden also where the text is cut', () => {
  const redactor = new Redactor(['correct horse battery'])
  for (let at = 3_900; at < 4_300; at++) {
    const shown = showText(
      `${' '.repeat(at)}amqp://app:hunter2hunter2@rabbit and correct horse battery${'x'.repeat(9_000)}`,
      { redactor },
    )
    expect(shown).not.toMatch(/hunter2|horse/)
  }
})

test('a given secret is hidden in plain, URL-encoded, JSON and base64 form, at any place', () => {
  const secret = 'p@ss/w"ör d+1!'
  const redactor = new Redactor([secret, '', undefined, 'abc'])
  const basic = (user: string): string => Buffer.from(`${user}:${secret}`).toString('base64')
  const texts = [
    secret,
    JSON.stringify({ secret }),
    encodeURIComponent(secret),
    encodeURIComponent(secret).toLowerCase(),
    String(new URLSearchParams({ secret })),
    ...['a', 'ab', 'abc', 'abcd'].flatMap((user) => [
      basic(user),
      Buffer.from(`${user}:${secret}`).toString('base64url'),
    ]),
  ]
  for (const text of texts) {
    const shown = showText(`before ${text} after`, { redactor })
    expect(shown).toContain('***')
    expect(shown).toMatch(/^before .* after$/)
    expect(shown).not.toContain(text)
  }
  // Three letters hide nothing: they would hide the letters of other words.
  expect(showText('abcd', { redactor })).toBe('abcd')
})

test.each([
  ['amqp://app:hunter2@rabbit:5672/v', 'amqp://***@rabbit:5672/v'],
  ['amqp://app:hun@ter2/#@rabbit', 'amqp://***@rabbit'],
  ['GET / Authorization: Bearer hunter2hunter2', 'GET / Authorization: Bearer ***'],
  ['{"authorization":"Basic aHVudGVyMg=="}', '{"authorization":"Basic ***"}'],
  ['Proxy-Authorization=hunter2', 'Proxy-Authorization= ***'],
  ['sent Bearer hunter2hunter2hunter2.', /^sent Bearer \*\*\*/],
  [`sent Basic ${btoa('app:hunter2')}`, 'sent Basic ***'],
  ['token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.c2ln in text', 'token *** in text'],
  ['{"token":"hunter2\\"2","name":"x"}', '{"token":"***","name":"x"}'],
  ['{"client_secret": "hunter2"}', '{"client_secret": "***"}'],
  ['--password=hunter2 --user=me', '--password=*** --user=me'],
  ['Set-Cookie: session=hunter2; path=/', 'Set-Cookie: ***'],
  ['-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----', '-----BEGIN RSA PRIVATE KEY-----***'],
])('a secret is known by its form: %s', (text, shown) => {
  expect(redact(text)).not.toContain('hunter2')
  if (typeof shown === 'string') expect(redact(text)).toBe(shown)
  else expect(redact(text)).toMatch(shown)
})

test.each([
  'The secret: must be a non-empty string',
  'token: must be a function, not a number',
  'Basic authentication is not supported',
  'bearer authentication',
  'Secret default/queue-url has no key uri',
  'at file:///srv/node_modules/@scope/name/index.js:1:2',
  'amqp://user:password@host:5672/vhost',
  'mail to someone@example.org',
])('ordinary words stay: %s', (text) => {
  expect(redact(text)).toBe(text)
})

test('a hostile text takes no longer than its length asks for', () => {
  for (const part of [
    'a://',
    'a.a.',
    '://',
    'eyJaaaaa.',
    'authorization: ',
    'basic ',
    '"token":"',
    '-----BEGIN PRIVATE KEY-----',
    'x@',
    '\x1b]',
    '\x1b[1;',
  ]) {
    const text = part.repeat(1_000_000 / part.length)
    redact(text)
    describeThrown(new Error(text))
  }
})

test('no error shows the control characters of a name that it mentions', () => {
  class NamedError extends CodedError {}
  const { message, hint } = new NamedError({
    code: 'X',
    message: 'queue \x1b]0;t\x07\u202e\x00\nnext',
    hint: 'see \x9b',
  })
  expect([message, hint]).toEqual(['queue \ufffd]0;t\ufffd\ufffd\ufffd\nnext', 'see \ufffd'])
})
