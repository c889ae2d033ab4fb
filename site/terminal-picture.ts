/** `npm run picture`: records `npm run demo` in a terminal, and draws the recording as docs/demo.svg. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { render } from 'svg-term'

const COLUMNS = 88
const ROWS = 20
const COMMAND = 'npm run demo'
/** Longest pause between two pieces of output, in seconds: starting a broker takes longer, and nobody watches that. */
const LONGEST_PAUSE_S = 1
/** Time that the last picture stays before the animation begins again, in seconds. */
const LAST_PICTURE_S = 6

/** Colours of the window: readable on a light page and on a dark one, since the window has a background of its own. */
const THEME = {
  background: [30, 34, 42],
  text: [220, 223, 228],
  bold: [255, 255, 255],
  cursor: [220, 223, 228],
  0: [92, 99, 112],
  1: [224, 108, 117],
  2: [152, 195, 121],
  3: [229, 192, 123],
  4: [97, 175, 239],
  5: [198, 120, 221],
  6: [86, 182, 194],
  7: [220, 223, 228],
  8: [127, 132, 142],
  9: [224, 108, 117],
  10: [152, 195, 121],
  11: [229, 192, 123],
  12: [97, 175, 239],
  13: [198, 120, 221],
  14: [86, 182, 194],
  15: [255, 255, 255],
  fontSize: 1.67,
  lineHeight: 1.3,
  fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
}

/** The output in the terminal, as an asciicast of version 2: a line for the size, then a line for each piece of output. */
async function record(): Promise<string> {
  const inTerminal = `stty cols ${COLUMNS} rows ${ROWS}; npm run --silent demo`
  const child = spawn('script', ['--quiet', '--return', '--command', inTerminal, '/dev/null'], {
    cwd: new URL('..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm-256color', FORCE_COLOR: '1' },
  })
  const lines: unknown[] = [
    { version: 2, width: COLUMNS, height: ROWS },
    [0, 'o', `\u001b[1m$ ${COMMAND}\u001b[0m\r\n`],
  ]
  let seconds = 0
  let last = performance.now()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const now = performance.now()
    seconds += Math.min((now - last) / 1_000, LONGEST_PAUSE_S)
    last = now
    lines.push([seconds, 'o', text])
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`\`${COMMAND}\` ended with exit code ${code}`)
  lines.push([seconds + LAST_PICTURE_S, 'o', ' '])
  return lines.map((line) => JSON.stringify(line)).join('\n')
}

/**
 * The animation begins with its last picture, which says the most. It is also the picture of readers who want no motion, and of programs that
 * do not animate.
 */
function lastPictureFirst(svg: string): string {
  const [, duration = ''] = /animation-duration:([\d.]+)s/.exec(svg) ?? []
  const last = [...svg.matchAll(/translateX\(-(\d+)px\)/g)].at(-1)?.[0]
  if (duration === '' || last === undefined) throw new Error('svg-term writes its animation in another way than before')
  const begin = `animation-delay:-${Number(duration) - LAST_PICTURE_S + 0.1}s;transform:${last};`
  return svg
    .replace('animation-duration:', `${begin}animation-duration:`)
    .replace('</style>', '@media (prefers-reduced-motion:reduce){g{animation:none!important}}</style>')
}

const file = fileURLToPath(new URL('../docs/demo.svg', import.meta.url))
const svg = render(await record(), { window: true, cursor: false, theme: THEME })
await writeFile(file, `${lastPictureFirst(svg)}\n`)
process.stdout.write(`${file}\n`)
