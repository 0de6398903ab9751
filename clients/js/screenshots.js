/**
 * Makes the pictures of `docs/pictures` from the running applications: `npm run screenshots`.
 *
 * It needs Chromium and a built broker, `target/debug/rialto` or the one `RIALTO_BINARY` names.
 */

import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Broker } from './tests/broker.js'
import { launch } from './tests/page.js'

const FOLDER = new URL('../../docs/pictures/', import.meta.url).pathname
const EXAMPLE = new URL('../../examples/readings/', import.meta.url).pathname
const WIDE = { viewport: { width: 1440, height: 900 } }
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }

async function take(client, step, said) {
  await client.locator(`[data-step=${step}] .go`).click()
  await client.locator(`[data-step=${step}] .result`, { hasText: said }).waitFor()
}

async function connected(page, id) {
  const client = page.locator(id)
  await take(client, 'auth', 'Token')
  await take(client, 'conn', 'Session')
  return client
}

/** Two clients: one has subscribed, and gets what the other publishes. */
async function busy(page) {
  const ada = await connected(page, '#client-1')
  await take(ada, 'sub', 'Subscribed')
  const bob = await connected(page, '#client-2')
  for (const celsius of ['21.5', '21.6', '21.4']) {
    await bob.locator('[data-step=pub] [name=payload]').fill(`{"celsius":${celsius},"humidity":44}`)
    await take(bob, 'pub', 'Acknowledged')
  }
  await take(bob, 'send', 'only ada')
  await ada.locator('.push').nth(3).waitFor()
  await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0) })
}

const toSights = (page) => page.evaluate(() => document.querySelector('.sights').scrollIntoView())
const PICTURES = {
  'sample-light': [WIDE, '', busy],
  'sample-dark': [{ ...WIDE, colorScheme: 'dark' }, '', busy],
  'sample-phone': [PHONE, '?clients=2', busy],
  'sample-phone-dark': [{ ...PHONE, colorScheme: 'dark' }, '?clients=2', async (page) => { await busy(page); await toSights(page) }],
}

/** The page of `examples/readings`, once it has shown enough readings. */
async function readings() {
  const page = await (await browser.newContext({ viewport: { width: 1000, height: 760 } })).newPage()
  const file = join(mkdtempSync(join(tmpdir(), 'rialto-readings-')), 'readings.jsonl')
  writeFileSync(file, execFileSync('node', [join(EXAMPLE, 'make-readings.js'), '250']))
  const app = spawn('node', [
    join(EXAMPLE, 'app.js'), file, '--port', '0', '--rate', '1000', '--broker', broker.address('jmqt'),
    '--websocket', broker.address('ws'), '--api', broker.http,
  ])
  const address = await new Promise((resolve) => app.stdout.on('data', (bytes) => {
    const found = /open (\S+)/.exec(bytes)
    if (found) resolve(found[1])
  }))
  await page.goto(address)
  await page.locator('.range', { hasText: 'last 250 readings' }).nth(2).waitFor()
  await page.screenshot({ path: `${FOLDER}readings.png` })
  app.kill()
}

mkdirSync(FOLDER, { recursive: true })
const broker = await Broker.start(['--config', join(EXAMPLE, 'rialto.toml')], { http: true })
const browser = await launch()
try {
  for (const [name, [options, query, prepare]] of Object.entries(PICTURES)) {
    const context = await browser.newContext({ ...options, reducedMotion: 'reduce' })
    const page = await context.newPage()
    page.on('console', (message) => console.log(name, message.text()))
    page.on('pageerror', (error) => console.log(name, error))
    await page.goto(`${broker.http}/sample/${query}`)
    await prepare(page)
    await page.mouse.move(0, 0)
    await page.screenshot({ path: `${FOLDER}${name}.png` })
    await context.close()
  }
  await readings()
} finally {
  await browser.close()
  await broker.stop()
}
