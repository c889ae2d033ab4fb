/** Shows the batches of the service as they change. All texts of others are set as text, never as HTML. */

const byId = (id) => document.getElementById(id)
const batches = new Map()
/** Those that the list shows: more would only be scrolled past. */
const MOST_LISTED = 50
const PAGE = 50
const LONGEST = 300

function element(name, { text, ...attributes } = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value)
  if (text !== undefined) made.textContent = text
  made.append(...children)
  return made
}

const count = (number, word) => `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`
/** A value of others as text, the beginning of a long one. */
function showJson(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)} … (${count(text.length, 'character')})`
}

/** The batch that the address names. */
const chosen = () => location.hash.slice(1)

async function ask(path, options) {
  const answer = await fetch(path, options)
  const body = answer.status === 204 ? undefined : await answer.json()
  if (!answer.ok) throw new Error(body?.error?.message ?? `The service answered ${answer.status}.`)
  return body
}

/* The list */

const entries = new Map()

function showList() {
  const newest = [...batches.values()].sort((one, other) => (one.id < other.id ? 1 : -1)).slice(0, MOST_LISTED)
  byId('none').hidden = newest.length > 0
  for (const [id, entry] of entries) {
    if (newest.some((batch) => batch.id === id)) continue
    entry.remove()
    entries.delete(id)
  }
  let place = byId('list').firstElementChild
  for (const batch of newest) {
    const entry = entries.get(batch.id) ?? newEntry(batch.id)
    updateEntry(entry, batch)
    if (entry === place) place = place.nextElementSibling
    else byId('list').insertBefore(entry, place)
  }
}

function newEntry(id) {
  const progress = element('progress', { 'aria-label': `Items of ${id} that ended` })
  const parts = [
    element('strong', { text: id }),
    element('span', { class: 'state' }),
    progress,
    element('span', { class: 'quiet' }),
  ]
  const entry = element('li', {}, element('a', { href: `#${id}` }, ...parts))
  entries.set(id, entry)
  return entry
}

function updateEntry(entry, { id, state, total, done, dead }) {
  const [link] = entry.children
  const [, badge, progress, words] = link.children
  showState(badge, state)
  setProgress(progress, done + dead, total)
  words.textContent = `${done} of ${count(total, 'item')} done${dead > 0 ? `, ${dead} failed` : ''}`
  if (id === chosen()) link.setAttribute('aria-current', 'true')
  else link.removeAttribute('aria-current')
}

function showState(badge, state) {
  badge.textContent = state
  badge.dataset.state = state
}

function setProgress(progress, value, max) {
  progress.max = max
  progress.value = value
}

/* The batch that is chosen */

const failures = listOf('failures', 'failures', toFailure)
const results = listOf('results', 'results', toResult)
/** The batch that the lists of failures and results are of. */
let current = ''
let shown

async function choose() {
  const id = chosen()
  shown = undefined
  current = ''
  document.querySelector('main').classList.toggle('chosen', id !== '')
  byId('batch').hidden = true
  byId('choose').hidden = false
  showList()
  if (id === '') return
  try {
    if (!batches.has(id)) batches.set(id, await ask(`/batches/${encodeURIComponent(id)}`))
  } catch (error) {
    byId('choose').textContent = error.message
    return
  }
  if (id !== chosen()) return
  current = id
  failures.reset(id)
  results.reset(id)
  byId('picture').hidden = true
  showBatch(batches.get(id))
  byId('title').focus()
}

function showBatch(batch) {
  if (batch === undefined || batch.id !== current) return
  const { id, state, total, done, dead, left, rate, pods, note, error, canRetry } = batch
  byId('batch').hidden = false
  byId('choose').hidden = true
  if (byId('title').textContent !== id) byId('title').textContent = id
  showState(byId('state'), state)
  byId('cancel').hidden = state !== 'waiting' && state !== 'running'
  showRetry(canRetry, total - done)
  setProgress(byId('progress'), done + dead, total)
  showNumbers({
    Items: total,
    Done: done,
    Left: left,
    Dead: dead,
    'Items a second': rate,
    'Pods ready': pods?.ready ?? 0,
    'Pods done': pods?.succeeded ?? 0,
    'Pods failed': pods?.failed ?? 0,
  })
  setText('note', note ?? '')
  setText('error', error === null ? '' : `${error.code}: ${error.message}${error.hint ? ` ${error.hint}` : ''}`)
  showPicture(batch)
  if (shown === undefined || shown.dead !== dead || shown.pods?.failed !== pods?.failed || shown.state !== state)
    failures.load()
  if (shown === undefined || shown.done !== done) results.load()
  shown = batch
}

function showRetry(canRetry, without) {
  const button = byId('retry')
  button.hidden = !canRetry
  button.disabled = false
  button.textContent = `Retry ${count(without, 'item')}`
}

/** A live region is read out each time that it is set: it is set only when it changes. */
function setText(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text
}

function showNumbers(numbers) {
  const shownNumbers = byId('numbers')
  if (shownNumbers.childElementCount === 0) {
    for (const name of Object.keys(numbers))
      shownNumbers.append(element('div', {}, element('dt', { text: name }), element('dd')))
  }
  const values = Object.values(numbers)
  for (const [at, value] of shownNumbers.querySelectorAll('dd').entries())
    value.textContent = values[at].toLocaleString('en')
}

function showPicture({ id, run, hasPicture, total, done, dead, pods }) {
  byId('picture').hidden = !hasPicture
  if (!hasPicture) return
  const image = byId('picture').querySelector('img')
  const width = Math.min(2000, Math.max(320, Math.round(byId('batch').clientWidth - 34)))
  const source = `/batches/${id}/picture.svg?width=${width}&run=${run}`
  if (image.getAttribute('src') === source) return
  image.alt = `${count(total, 'item')}: ${done} done, ${dead} failed. ${count(pods?.succeeded ?? 0, 'pod')} done, ${pods?.failed ?? 0} failed.`
  image.src = source
}

/** A list of the chosen batch that is loaded page by page, and again when there is more. */
function listOf(section, name, toEntry) {
  const list = byId(section).querySelector('ul, ol')
  const more = byId(section).querySelector('.more')
  let id = ''
  let limit = PAGE
  let loading = false
  let again = false
  const load = async () => {
    again = true
    if (loading) return
    loading = true
    while (again) {
      again = false
      const asked = id
      const found = await ask(`/batches/${id}/${name}?limit=${Math.min(1000, limit + 1)}`).catch(() => undefined)
      if (asked !== id || found === undefined) continue
      list.replaceChildren(...found[name].slice(0, limit).map(toEntry))
      more.hidden = found[name].length <= limit
      byId(section).hidden = found[name].length === 0
    }
    loading = false
  }
  more.addEventListener('click', () => {
    limit += PAGE * 4
    load()
  })
  const reset = (next) => {
    id = next
    limit = PAGE
    list.replaceChildren()
    more.hidden = true
    byId(section).hidden = true
  }
  return { load, reset }
}

function toResult({ index, item, value }) {
  return element(
    'li',
    {},
    element('span', { class: 'quiet', text: index }),
    element('span', { text: showJson(item) }),
    element('code', { text: showJson(value) }),
  )
}

function toFailure(failure) {
  if (failure.of === 'item') {
    return element(
      'li',
      {},
      element('strong', { text: `Item ${failure.index}: ${failure.reason}` }),
      element('span', { text: showJson(failure.item) }),
    )
  }
  const { name, reason, message, exitCode, logTail } = failure
  const cause = [reason, exitCode === undefined ? undefined : `exit code ${exitCode}`]
    .filter((part) => part !== undefined)
    .join(', ')
  const parts = [element('strong', { text: `Pod ${name}: ${cause}` })]
  if (message !== undefined) parts.push(element('span', { text: message }))
  if (logTail !== undefined) parts.push(element('pre', { text: logTail.join('\n') }))
  return element('li', {}, ...parts)
}

/* What a person does */

byId('new').addEventListener('submit', async (event) => {
  event.preventDefault()
  const items = byId('texts')
    .value.split('\n')
    .filter((line) => line !== '')
  const body = JSON.stringify({ items, parallelism: byId('pods').valueAsNumber })
  const headers = { 'content-type': 'application/json' }
  const button = byId('new').querySelector('button')
  button.disabled = true
  try {
    const { id } = await ask('/batches', { method: 'POST', headers, body })
    setText('refused', '')
    location.hash = id
  } catch (error) {
    setText('refused', error.message)
  }
  button.disabled = false
})

byId('cancel').addEventListener('click', async () => {
  if (!confirm('Cancel this batch? Its pods are ended. The results so far stay.')) return
  await ask(`/batches/${chosen()}/cancel`, { method: 'POST' }).catch((error) => setText('note', error.message))
})

byId('retry').addEventListener('click', async () => {
  // The button goes, and its focus would go with it.
  byId('title').focus()
  byId('retry').disabled = true
  await ask(`/batches/${chosen()}/retry`, { method: 'POST' }).catch((error) => {
    setText('note', error.message)
    byId('retry').disabled = false
  })
})

addEventListener('hashchange', choose)
addEventListener('resize', () => shown !== undefined && showPicture(shown))

/* The changes */

const events = new EventSource('/events')
events.addEventListener('open', () => setText('connection', 'live'))
events.addEventListener('error', () => setText('connection', 'connection lost, trying again'))
events.addEventListener('batch', ({ data }) => {
  const batch = JSON.parse(data)
  batches.set(batch.id, batch)
  showList()
  showBatch(batch)
})
events.addEventListener('broker', ({ data }) => {
  const { state, since, reason } = JSON.parse(data)
  const away = `The broker is away since ${new Date(since).toLocaleTimeString('en')}. Batches go on when it is back. ${reason}`
  setText('broker', state === 'away' ? away : '')
})
events.addEventListener('removed', ({ data }) => {
  const { id } = JSON.parse(data)
  batches.delete(id)
  showList()
  if (id === chosen()) location.hash = ''
})

choose()
