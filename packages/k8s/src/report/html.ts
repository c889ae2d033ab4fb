import type { Timeline, TimelinePod } from '../job/timeline.ts'
import { COLOURS } from './colours.ts'
import { escaped, plain } from './markup.ts'
import { failureKinds, numbersOf } from './numbers.ts'
import type { Theme } from './svg.ts'
import { belowTitle, clockText, counted, gapsText, outcomeText, verdictText } from './words.ts'

const MOST_KINDS = 20
const PODS_OF_A_KIND = 5

/** The page of a run: one file, without scripts, that loads nothing. */
export function htmlOf(parts: {
  readonly timeline: Timeline
  readonly heading: string
  readonly theme: Theme
  readonly wide: string
  readonly narrow: string
}): string {
  const { timeline, heading, theme, wide, narrow } = parts
  const verdict = verdictText(timeline)
  const gaps = gapsText(timeline)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="${theme === 'auto' ? 'light dark' : theme}">
<title>${escaped(`${heading}: ${verdict}`)}</title>
<style>${styles(theme)}</style>
</head>
<body>
<main>
<h1>${escaped(heading)}</h1>
<p class="verdict">${escaped(capital(verdict))}</p>
<p class="below">${escaped(belowTitle(timeline))}</p>
${timeline.endedBy === undefined ? '' : `<p class="gap">${escaped(plain(timeline.endedBy.message))}</p>`}
${gaps.map((text) => `<p class="gap">${escaped(text)}</p>`).join('\n')}
<figure>
<div class="wide">${wide}</div>
<div class="narrow">${narrow}</div>
<figcaption>Each bar is a pod. Its thin part is the time from its creation to the start of its worker. Point at a bar to read more.</figcaption>
</figure>
<h2>Numbers</h2>
<dl>${numbersOf(timeline)
    .map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`)
    .join('')}</dl>
${failures(timeline)}
${events(timeline)}
${pods(timeline)}
</main>
</body>
</html>
`
}

function failures({ pods }: Timeline): string {
  const kinds = failureKinds(pods)
  if (kinds.length === 0) return ''
  const rows = kinds.slice(0, MOST_KINDS).map(({ how, pods: those }) => {
    const names = those.slice(0, PODS_OF_A_KIND).map(({ name }) => plain(name))
    const more = those.length > names.length ? ` and ${those.length - names.length} more` : ''
    const said = those.find(({ message }) => message !== undefined)?.message
    return row([how, String(those.length), `${names.join(', ')}${more}`, said === undefined ? '' : plain(said)])
  })
  const rest = kinds.length > MOST_KINDS ? `<p>And ${kinds.length - MOST_KINDS} more kinds.</p>` : ''
  return `<h2>Failures and ended pods</h2>${table(['What happened', 'Pods', 'Which', 'Message of one'], rows)}${rest}`
}

function events({ events: all }: Timeline): string {
  if (all.length === 0) return ''
  const rows = all.map(({ at, reason, message }) => row([clockText(at), plain(reason), plain(message)]))
  return `<h2>Troubles on the way</h2>${table(['At', 'Reason', 'In words'], rows)}`
}

function pods({ pods: all }: Timeline): string {
  if (all.length === 0) return ''
  const rows = all.map((pod) => row([plain(pod.name), outcomeText(pod), ...cells(pod)]))
  const head = ['Pod', 'Outcome', 'Sweep', 'Index', 'Attempt', 'Node', 'Created', 'Started', 'Ended']
  return `<details><summary>${counted(all.length, 'pod')} as a table</summary>${table(head, rows)}</details>`
}

function cells({ sweep, index, attempt, node, createdAt, startedAt, finishedAt }: TimelinePod): string[] {
  const times = [createdAt, startedAt, finishedAt].map((time) => (time === undefined ? '' : clockText(time)))
  return [sweep === 0 ? '' : String(sweep), String(index ?? ''), String(attempt ?? ''), plain(node ?? ''), ...times]
}

function table(head: readonly string[], rows: readonly string[]): string {
  const names = head.map((name) => `<th scope="col">${escaped(name)}</th>`).join('')
  // A table that is wider than the window scrolls by itself, also by the keyboard.
  return `<div class="table" tabindex="0" role="region" aria-label="${escaped(head.join(', '))}"><table><thead><tr>${names}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`
}

function row(values: readonly string[]): string {
  return `<tr>${values.map((value) => `<td>${escaped(value)}</td>`).join('')}</tr>`
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

function styles(theme: Theme): string {
  const variables = (shade: 'light' | 'dark'): string =>
    (['background', 'text', 'muted', 'grid', 'band', 'event'] as const)
      .map((name) => `--${name}:${COLOURS[name][shade]}`)
      .join(';')
  const dark = `:root{${variables('dark')}}`
  return `:root{${variables('light')}}
${theme === 'dark' ? dark : theme === 'auto' ? `@media (prefers-color-scheme:dark){${dark}}` : ''}
body{margin:0;background:var(--background);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1160px;margin:0 auto;padding:24px 20px 48px}
h1{font-size:22px;line-height:1.25;margin:0;overflow-wrap:anywhere}
h2{font-size:16px;margin:28px 0 8px}
p{margin:4px 0}
.verdict{font-size:16px}
.below,figcaption,dt{color:var(--muted)}
.below,figcaption{font-size:13px}
.gap{border-left:3px solid var(--event);padding-left:10px;margin:10px 0}
figure{margin:16px 0 0}
svg{display:block;width:100%;height:auto}
.narrow{display:none}
@media (max-width:700px){main{padding:16px 10px 32px}.wide{display:none}.narrow{display:block}}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(220px,45%),1fr));gap:10px 24px;margin:0}
dt{font-size:13px}
dd{margin:0;font-variant-numeric:tabular-nums}
.table{overflow-x:auto;border:1px solid var(--grid);border-radius:6px}
table{border-collapse:collapse;width:100%;min-width:620px;font-size:13px}
th,td{text-align:left;vertical-align:top;padding:5px 10px;border-top:1px solid var(--grid);overflow-wrap:anywhere;min-width:4em}
thead th{border-top:0;background:var(--band);font-weight:600;white-space:nowrap}
details{margin-top:28px}
summary{cursor:pointer;margin-bottom:8px}
`
}
