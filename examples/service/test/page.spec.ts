import { existsSync, mkdirSync } from 'node:fs'
import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import axe from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { accepted, get, stage, UNTIL } from './stage.ts'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const isHere = existsSync(CHROMIUM)
if (!isHere)
  process.stdout.write(`the page is not tested: there is no Chromium at ${CHROMIUM} (CHROMIUM names another)\n`)
const HOSTILE = '<img src=x onerror="document.title=1">'
/** Where the screenshots go, to be looked at. Default: nowhere. */
const { SCREENSHOTS } = process.env

const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] })

/** Expects no overflow and no fault of accessibility, at both widths and in both schemes. */
async function lookAt(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [400, 1400]) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 900 })
      if (name === 'done') await page.waitForFunction("document.querySelector('#picture img').complete")
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      const found = await page.evaluate(
        `${axe.source}; axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html))`,
      )
      expect({ name, colorScheme, width, overflow, found }).toEqual({
        name,
        colorScheme,
        width,
        overflow: 0,
        found: [],
      })
      if (SCREENSHOTS === undefined) continue
      mkdirSync(SCREENSHOTS, { recursive: true })
      await page.screenshot({ path: `${SCREENSHOTS}/${name}-${colorScheme}-${width}.png`, fullPage: true })
    }
  }
}

test.skipIf(!isHere)(
  'the page shows a batch to its end, at both widths and in both schemes, without overflow, for keyboards and screen readers',
  { timeout: 120_000 },
  async () => {
    await using around = await stage()
    const { url } = await around.start({ WORK_MS: '100' })
    const browser = await launch()
    try {
      const page = await browser.newPage({ bypassCSP: true })
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text())
      })
      await page.setViewportSize({ width: 1400, height: 900 })
      await page.goto(url)
      await page.getByText('live').waitFor()
      await lookAt(page, 'empty')

      // By keyboard alone: the form, then the batch that it made.
      await page.setViewportSize({ width: 1400, height: 900 })
      await page
        .getByLabel('Texts, one a line')
        .fill(['the quick brown fox', '!!!', HOSTILE, 'x'.repeat(3_000)].join('\n'))
      await page.getByLabel('Pods').focus()
      await page.keyboard.press('Enter')
      await page.locator('#state', { hasText: 'done' }).waitFor({ timeout: 50_000 })
      const id = (await page.locator('#title').textContent()) ?? ''
      around.sweep(id)
      expect(await page.evaluate('document.activeElement.id')).toBe('title')
      await page.getByText('Item 1: There is no word in this text.').waitFor()
      await page.locator('#results li', { hasText: HOSTILE }).waitFor()
      await page.locator('#picture img').waitFor()
      await page.waitForFunction("document.querySelector('#picture img').naturalWidth > 0")
      expect(await page.locator('#results li').nth(2).locator('span').last().innerText()).toHaveLength(
        'x'.repeat(300).length + ' … (3,000 characters)'.length,
      )
      expect(await page.locator('#numbers').innerText()).toMatch(/Items\s+4\s+Done\s+3\s+Left\s+0\s+Dead\s+1/)
      await page.getByRole('button', { name: 'Retry 1 item' }).waitFor()
      await lookAt(page, 'done')
      expect(await page.title()).toBe('Batches')

      // Again by keyboard: the item that failed, which fails again.
      await page.setViewportSize({ width: 1400, height: 900 })
      await page.keyboard.press('Tab')
      expect(await page.evaluate('document.activeElement.id')).toBe('retry')
      await page.keyboard.press('Enter')
      await expect
        .poll(() => get(url, `/batches/${id}`), UNTIL)
        .toMatchObject({ run: 2, state: 'done', done: 3, dead: 1 })
      expect(await page.evaluate('document.activeElement.id')).toBe('title')
      await page.getByRole('button', { name: 'Retry 1 item' }).waitFor()
      await page.locator('#picture img[src$="run=2"]').waitFor()

      // A batch of somebody else comes into the list by itself.
      const other = await accepted(url, ['one'])
      around.sweep(other)
      await page.setViewportSize({ width: 1400, height: 900 })
      await page.locator('#list a', { hasText: other }).waitFor()
      await expect.poll(() => get(url, `/batches/${other}`), UNTIL).toMatchObject({ state: 'done' })
      expect(faults).toEqual([])
    } finally {
      await browser.close()
    }
  },
)

test.skipIf(!isHere)('the page keeps to its content security policy', async () => {
  await using around = await stage()
  const { url } = await around.start()
  const browser = await launch()
  try {
    const page = await browser.newPage()
    const said: string[] = []
    page.on('console', (message) => said.push(message.text()))
    await page.goto(url)
    await page.getByText('live').waitFor()
    expect(said).toEqual([])
  } finally {
    await browser.close()
  }
})

test.skipIf(!isHere)(
  'the page says that the broker is away, and no more once it is back',
  { timeout: 120_000 },
  async () => {
    await using around = await stage()
    await using proxy = await tcpProxy(brokerUrl())
    const { url } = await around.start({ BROKER_URL: proxy.url })
    const browser = await launch()
    try {
      const page = await browser.newPage({ bypassCSP: true })
      await page.goto(url)
      await expect.poll(() => get<object>(url, '/readyz'), UNTIL).toMatchObject({ broker: { state: 'connected' } })
      await page.getByText('live').waitFor()
      expect(await page.locator('#broker').textContent()).toBe('')
      proxy.freeze()
      proxy.sever()
      await page.getByText('The broker is away since').waitFor({ timeout: 50_000 })
      await lookAt(page, 'away')
      proxy.thaw()
      await page.getByText('The broker is away since').waitFor({ state: 'hidden', timeout: 50_000 })
    } finally {
      await browser.close()
    }
  },
)
