import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { K8sError, type PodOutcome, type Timeline, type TimelinePod } from '../src/index.ts'
import { renderTimeline } from '../src/report/index.ts'
import { lanesOf } from '../src/report/lanes.ts'
import { placeLabels } from '../src/report/mark-labels.ts'
import { durationText, timeStep } from '../src/report/time-axis.ts'

const time = (seconds: number): string => new Date(Date.UTC(2026, 0, 2, 3, 4, seconds)).toISOString()

function pod(number: number, from: number, to: number, changes: Partial<TimelinePod> = {}): TimelinePod {
  return {
    name: `work-${number}`,
    sweep: 0,
    node: 'node-1',
    index: number,
    attempt: 1,
    createdAt: time(from),
    startedAt: time(from + 1),
    finishedAt: time(to),
    outcome: 'succeeded',
    ...changes,
  }
}

function timelineOf(changes: Partial<Timeline> = {}): Timeline {
  const job = {
    namespace: 'default',
    outcome: 'complete',
    completions: 3,
    parallelism: 2,
    succeeded: 3,
    failed: 1,
  } as const
  return {
    jobs: [
      {
        ...job,
        name: 'work',
        uid: 'u0',
        sweep: 0,
        createdAt: time(0),
        startedAt: time(0),
        endedAt: time(20),
        podsMissing: 0,
      },
    ],
    pods: [
      pod(0, 0, 8),
      pod(1, 0, 12),
      pod(2, 8, 14, { outcome: 'failed', exitCode: 3, reason: 'Error' }),
      pod(2, 14, 20, { attempt: 2 }),
    ],
    items: [],
    events: [],
    ...changes,
  }
}

/** The tooltips of a picture. */
const titles = (svg: string): string[] => [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, text]) => text ?? '')

test('each pod is a bar that says its name, its end and its times', async () => {
  const svg = await renderTimeline({ timeline: timelineOf() })
  const said = titles(svg)
  for (const name of ['work-0', 'work-1', 'work-2']) expect(said.join()).toContain(name)
  expect(said.find((text) => text.includes('failed'))).toBe(
    `work-2: failed, exit 3 (Error)\nindex 2, attempt 1, node node-1\nwaited 1 s, ran 5 s\ncreated ${time(8)}, ended ${time(14)}`,
  )
  for (const text of [
    'succeeded (3)',
    'failed (1)',
    'node node-1: 4 pods',
    'pods succeeded: 3 of 3',
    'work: complete after 20 s',
  ])
    expect(svg).toContain(text)
})

test('sweeps, dead letters, troubles and what is missing are marked', async () => {
  const [first] = timelineOf().jobs
  const timeline = timelineOf({
    jobs: [
      first,
      { ...first, name: 'work-sweep-1', sweep: 1, startedAt: time(25), endedAt: time(40), podsMissing: 2 },
    ] as never,
    items: [0, 10, 20, 40].map((at) => ({
      at: time(at),
      ready: [8, 4, 1, 0][[0, 10, 20, 40].indexOf(at)] ?? 0,
      consumers: 0,
      deadLetters: at < 20 ? 1 : 3,
    })),
    itemsAtStart: 8,
    events: [{ at: time(5), reason: 'NodeLost', message: 'work-9 was told to end' }],
    sampledFrom: 5000,
  })
  const html = await renderTimeline({ timeline }, { format: 'html' })
  for (const text of [
    'sweep 1',
    'items done: 6 of 8, 2 dead letters',
    'NodeLost',
    'At least 2 pods are not shown',
    'The run had 5000 pods. 4 of them are shown',
  ])
    expect(html).toContain(text)
})

test('items count when they are done, not when consumers took them', async () => {
  const reading = (at: number, ready: number, consumers: number) => ({ at: time(at), ready, consumers })
  // Between two pods nobody consumes for a moment: no item is done by that.
  const items = [reading(0, 8, 0), reading(5, 4, 2), reading(10, 2, 0), reading(15, 2, 2)]
  const timeline = timelineOf({ items, itemsAtStart: 8, itemsPerConsumer: 2 })
  await expect(renderTimeline({ timeline })).resolves.toContain('items done: 2 of 8')
  const ended = timelineOf({ items: [...items, reading(20, 0, 0)], itemsAtStart: 8, itemsPerConsumer: 2 })
  await expect(renderTimeline({ timeline: ended })).resolves.toContain('items done: 8 of 8')
})

test('the error that ended the run is the verdict', async () => {
  const [job] = timelineOf().jobs
  const { endedAt: _, ...unfinished } = { ...job, outcome: 'unfinished' }
  const endedBy = { at: time(30), code: 'CRASH_LOOP', message: 'Job default/work failed alike' }
  const html = await renderTimeline(
    { timeline: timelineOf({ jobs: [unfinished] as never, endedBy }) },
    { format: 'html' },
  )
  for (const text of ['Ended with CRASH_LOOP after 30 s', 'Job default/work failed alike', '>CRASH_LOOP</text>'])
    expect(html).toContain(text)
})

test('names and messages of others are text, whatever they contain', async () => {
  const evil = `</title></svg></script><script>alert(1)</script><img src=x onerror=alert(1)>"'&\u0000\u001b[31m\u202e`
  const timeline = timelineOf({
    jobs: timelineOf().jobs.map((job) => ({ ...job, name: evil, outcome: 'failed', reason: evil })),
    pods: [
      pod(0, 0, 5, {
        name: evil,
        node: evil,
        outcome: 'failed',
        reason: evil,
        container: evil,
        message: evil,
        createdAt: time(0),
      }),
    ],
    events: [{ at: time(1), reason: evil, message: evil }],
    unreadable: evil,
    endedBy: { at: time(4), code: evil, message: evil },
  })
  for (const format of ['svg', 'html'] as const) {
    const made = await renderTimeline({ timeline }, { format, title: evil })
    expect(made).not.toMatch(/<script|<img/i)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are looked for
    expect(made).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
    expect(made).toContain('alert(1)')
  }
})

test('a page loads nothing, runs nothing, and follows the reader’s choice of light or dark', async () => {
  const html = await renderTimeline({ timeline: timelineOf() }, { format: 'html' })
  expect(html).toContain("default-src 'none'")
  expect(html.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:|<script|<link|url\(/)
  expect(html).toContain('prefers-color-scheme:dark')
  const dark = await renderTimeline({ timeline: timelineOf() }, { format: 'html', theme: 'dark' })
  expect(dark).not.toContain('prefers-color-scheme')
})

test('a picture is well-formed, as an XML file has to be', async () => {
  const svg = await renderTimeline({
    timeline: timelineOf({ events: [{ at: time(1), reason: 'a & b', message: '<&>' }] }),
  })
  const open: string[] = []
  for (const [, end, name = '', rest = ''] of svg.matchAll(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*) *>/gi)) {
    if (end === '') open.push(name)
    else expect(open.pop(), rest).toBe(name)
  }
  expect(open).toEqual([])
  expect(svg.replace(/<[^<>]*>/g, '')).not.toMatch(/[<>]/)
  expect(svg).not.toMatch(/&(?!#\d+;|amp;|lt;|gt;|quot;)/)
  // Two pictures in a page must not share the name of anything.
  expect(svg).not.toMatch(/ id="/)
})

test('thousands of pods take the lanes that ran at the same time, not a row each', async () => {
  const pods = Array.from({ length: 2000 }, (_, number) => {
    const begin = Math.floor(number / 16) * 10
    const outcomes: readonly PodOutcome[] = ['succeeded', 'succeeded', 'failed', 'evicted', 'lost', 'deleted']
    return pod(number, begin, begin + 10, { outcome: outcomes[number % 6] ?? 'succeeded' })
  })
  const svg = await renderTimeline({ timeline: timelineOf({ pods }) })
  expect(Number(/height="(\d+)"/.exec(svg)?.[1])).toBeLessThan(800)
  expect(titles(svg).filter((text) => text.startsWith('work-1999'))).not.toHaveLength(0)
})

test('spans share a lane when one begins as another ends, and never overlap', () => {
  const spans = [
    { from: 0, to: 10 },
    { from: 0, to: 4 },
    { from: 4, to: 9 },
    { from: 9, to: 9 },
    { from: 5, to: 20 },
  ]
  const { lanes, count } = lanesOf(spans)
  expect(count).toBe(3)
  for (const [at, { from, to }] of spans.entries())
    for (const [other, span] of spans.entries())
      if (at < other && lanes[at] === lanes[other]) expect(from < span.to && span.from < to).toBe(false)
})

test('the labels of marks do not overlap and stay in the picture', () => {
  const marks = [10, 12, 14, 500, 598].map((x) => ({ x, label: 'sweep 1' }))
  const placed = placeLabels(marks, { from: 0, to: 600 })
  expect(placed.map(({ row }) => row)).toEqual([0, 1, undefined, 0, 0])
  expect(placed.map(({ align }) => align)).toEqual(['left', 'left', 'left', 'center', 'right'])
})

test('times are told in round steps and at most two units', () => {
  expect([0, 999, 61_000, 3_600_000, 100_000_000].map(durationText)).toEqual([
    '0 s',
    '1 s',
    '1 min 1 s',
    '1 h',
    '1 d 3 h',
  ])
  expect([8000, 240_000, 86_400_000, 864_000_000].map((span) => timeStep(span, 10))).toEqual([
    1000, 30_000, 10_800_000, 86_400_000,
  ])
})

test('a run without a Job, one without pods, and one whose times are wrong are drawn', async () => {
  await expect(renderTimeline({ timeline: timelineOf({ jobs: [], pods: [] }) })).resolves.toContain('no Job was made')
  await expect(renderTimeline({ timeline: timelineOf({ pods: [] }) }, { format: 'html' })).resolves.toContain('<svg')
  const wrong = [pod(0, 0, 5, { createdAt: 'yesterday', startedAt: 'NaN', finishedAt: time(-100) })]
  const svg = await renderTimeline({ timeline: timelineOf({ pods: wrong }) })
  expect(svg).not.toContain('NaN')
})

test.each([
  { what: 'no result', run: undefined },
  { what: 'a result without a timeline', run: {} },
  { what: 'something else', run: { timeline: { jobs: 1 } } },
  { what: 'pods of other kinds', run: { timeline: { ...timelineOf(), pods: [{ ...pod(0, 0, 1), message: {} }] } } },
])('$what is refused with what to do', async ({ run }) => {
  const error = await renderTimeline(run as never, { width: 3, theme: 'blue' as never }).catch(
    (caught: unknown) => caught,
  )
  expect(error).toBeInstanceOf(K8sError)
  expect(error).toMatchObject({ code: 'INVALID_OPTIONS', message: expect.stringMatching(/timeline[\s\S]*/) })
  expect(
    (error as K8sError<'INVALID_OPTIONS'>).details.problems.map((problem) => 'path' in problem && problem.path),
  ).toEqual(['theme', 'width', expect.stringMatching(/^run/)])
})

test('without echarts the error says what to install', async () => {
  // A resolver that does not know the package, as in a project that has not installed it.
  const hide = `import { registerHooks } from 'node:module'
registerHooks({ resolve: (name, context, next) => { if (name.startsWith('echarts')) throw Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' }); return next(name, context) } })
const { renderTimeline } = await import(${JSON.stringify(fileURLToPath(new URL('../src/report/index.ts', import.meta.url)))})
await renderTimeline({ timeline: { jobs: [], pods: [], items: [], events: [] } }).catch(({ code, hint, details }) => console.log(JSON.stringify({ code, hint, details })))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', hide])
  expect(JSON.parse(stdout)).toEqual({
    code: 'PEER_MISSING',
    hint: expect.stringContaining('npm install echarts@6'),
    details: { package: 'echarts' },
  })
})
