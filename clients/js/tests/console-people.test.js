/** The console for people: accessibility, the keyboard, phones, what hostile names and payloads look like, and trouble. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { KEY, PHONE, Stage, WIDE, finds } from './console-stage.js'

/** A channel and a client of the worst characters: direction, zero width, markup, a heap of marks, quotes and slashes. */
const WORST = `<img src=x onerror=alert(1)>"'/\u202Egnp\u2066\u200B\u200D\u0301\u0301\u0301\u0301\u0301\u0301&amp;%2F?#`

const PAGES = {
  '/': '.attention li', '/clients': 'tbody tr', '/clients/fridge': '.facts', '/clients/fridge?tab=access': '.access-form', '/clients/fridge?tab=tokens': '.card',
  '/channels': 'tbody tr', '/channels/room%2Fkitchen': '.tail-rows', '/channels/room%2Fkitchen?tab=history': '.kept li', '/channels/room%2Fkitchen?tab=retained': 'pre',
  '/channels/room%2Fkitchen?tab=subscribers': 'tbody tr', '/channels/room%2Fkitchen?tab=backlog': '.card', '/channels/nothing': '.tail-rows', '/clients/nobody': '.empty',
  '/nodes': '.card', '/problems': '.card', '/access': '.access-form', '/configuration': '.card', '/sign-in?why=expired': 'form',
}

let stage

before(async () => {
  stage = await Stage.open()
  const fridge = await stage.client('fridge')
  fridge.subscribe('room/kitchen', () => {})
  await stage.publish('room/kitchen', '{"celsius":21.5,"id":9007199254740993,"ok":true,"note":null}', '?qos=1&retain=true')
})

after(() => stage?.close())

for (const [name, options] of [
  ['a wide screen, light', WIDE], ['a phone, dark, from right to left', { ...PHONE, colorScheme: 'dark', isRightToLeft: true }],
]) {
  test(`axe finds nothing, and nothing is cut off: ${name}`, async () => {
    const { isRightToLeft, ...context } = options
    const { page, done } = await stage.page('/access', context)
    for (const [path, ready] of Object.entries(PAGES)) {
      await page.goto(`${stage.web}${path}`)
      if (isRightToLeft) await page.evaluate(() => { document.documentElement.dir = 'rtl' })
      await page.locator(`main ${ready}`).first().waitFor()
      assert.deepEqual(await finds(page), [], path)
      const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      assert.ok(tooWide <= 0, `${path} is ${tooWide} px too wide`)
      assert.equal(await page.locator('h1').count(), 1, path)
    }
    await done()
  })
}

test('the keyboard reaches everything: search, pages, rows, the list of keys', async () => {
  const { page, done } = await stage.page('/')
  const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key) }
  const heading = (text) => page.locator('h1', { hasText: text }).waitFor()
  await press('g', 'c')
  await heading('Clients')
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1')
  await press('g', 'h')
  await heading('Channels')
  await press('/')
  await page.keyboard.type('room/')
  await press('Enter')
  await page.waitForFunction(() => location.search === '?prefix=room%2F')
  const first = page.locator('tbody a').first()
  await first.waitFor()
  await first.focus()
  assert.equal(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'solid')
  await press('Enter')
  await heading('room/kitchen')
  await page.locator('h1').focus()
  await press('?')
  await page.locator('dialog', { hasText: 'Row above' }).waitFor()
  await press('Escape')
  await page.locator('dialog').waitFor({ state: 'detached' })
  await page.goto(`${stage.web}/`)
  await page.locator('h1').waitFor()
  await press('Tab', 'Enter')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main')
  await page.getByRole('button', { name: 'Light or dark' }).focus()
  await press('Enter')
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark')
  await done()
})

test('the worst names and payloads are shown harmlessly', async () => {
  await stage.ask('POST', `/v1/clients/fridge/subscriptions`, JSON.stringify({ channel: WORST }))
  await stage.publish(WORST, JSON.stringify({ [WORST]: WORST }), '?qos=1&retain=true')
  const { page, done } = await stage.page('/channels?sort=subscribers')
  const link = page.locator('tbody a', { hasText: '<img' })
  assert.ok((await link.textContent()).includes('U+202E'))
  await link.click()
  await page.waitForFunction((path) => location.pathname === path, `/channels/${encodeURIComponent(WORST)}`)
  assert.ok((await page.locator('h1').textContent()).includes('U+200B'))
  assert.ok((await page.title()).includes('⟨U+202E⟩'))
  await page.getByRole('link', { name: 'Retained message' }).click()
  assert.ok((await page.locator('pre').textContent()).includes('U+2066'))
  assert.equal(await page.locator('main img').count(), 0)
  assert.ok(!/[\u202e\u2066\u200b]/.test(await page.locator('body').innerText()))
  await done()
})

test('a payload of a mebibyte, and one of deep nesting, hold nothing up', async () => {
  const long = JSON.stringify({ rows: Array.from({ length: 25_000 }, (_, n) => ({ n, text: 'the quick brown fox' })) })
  const deep = `${'['.repeat(100)}${'{"a":['.repeat(10)}${']}'.repeat(10)}${']'.repeat(100)}`
  assert.ok(long.length > 1_000_000)
  await stage.publish('large', long, '?qos=1&retain=true')
  await stage.publish('deep', deep, '?qos=1&retain=true')
  const { page, done } = await stage.page('/channels/large?tab=subscribers')
  await page.evaluate(() => {
    window.longest = 0
    new PerformanceObserver((list) => { for (const it of list.getEntries()) window.longest = Math.max(window.longest, it.duration) }).observe({ type: 'longtask', buffered: false })
  })
  await page.getByRole('link', { name: 'Retained message' }).click()
  await page.locator('.json-more', { hasText: 'KiB are left' }).waitFor()
  for (let n = 0; n < 3; n += 1) await page.getByRole('button', { name: /^Show more/ }).click()
  const longest = await page.evaluate(() => window.longest)
  assert.ok(longest < 1_000, `a task of ${longest} ms`)
  await page.goto(`${stage.web}/channels/deep?tab=retained`)
  await page.locator('pre').first().waitFor()
  assert.equal((await page.locator('pre').first().textContent()).replaceAll(/\s/g, ''), deep)
  await done()
})

test('a broker that restarts under the open page: what was there stays, and its age is said', async () => {
  const { page, done } = await stage.page('/clients')
  await page.locator('tbody tr', { hasText: 'fridge' }).waitFor()
  await stage.broker.kill('SIGTERM')
  await page.locator('.live.lost', { hasText: 'Lost' }).waitFor()
  assert.equal(await page.locator('tbody tr', { hasText: 'fridge' }).count(), 1)
  await page.locator('.pager-note', { hasText: /counted \d+ s ago/ }).waitFor()
  await stage.broker.run()
  await page.locator('.live:not(.lost)').waitFor()
  await page.locator('tbody tr', { hasText: 'fridge' }).filter({ hasText: /Online|Detached/ }).waitFor()
  await done()
})

test('who may only look sees no payloads, and buttons say why they are off', async () => {
  const other = await Stage.open([], ['read', 'publish'])
  try {
    const { page, done } = await other.page('/channels/room%2Fkitchen')
    const row = page.locator('.tail-row', { hasText: 'the payload needs the right “inspect”' })
    for (let tries = 0; await row.count() === 0 && tries < 60; tries += 1) {
      await other.publish('room/kitchen', '{"secret":1}')
      await row.first().waitFor({ timeout: 500 }).catch(() => {})
    }
    await row.first().waitFor()
    const purge = page.getByRole('button', { name: 'Purge backlog …' })
    assert.ok(await purge.isDisabled())
    assert.match(await purge.getAttribute('title'), /lacks the right “manage”/)
    assert.ok(await page.getByRole('button', { name: 'Publish', exact: true }).isEnabled())
    assert.ok(!(await page.textContent('body')).includes('secret'))
    await done()
  } finally {
    await other.close()
  }
})

test('signing in leads back to the page, also after the session has ended under it', async () => {
  const { page, done } = await stage.page('/clients?sort=lag', WIDE, { isSignedIn: false })
  const isAt = (path) => page.waitForFunction((wanted) => location.pathname + location.search === wanted, path)
  const signIn = async (key) => {
    await page.getByRole('button', { name: 'API key' }).click()
    await page.getByLabel('API key').last().fill(key)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }
  await isAt('/sign-in?to=%2Fclients%3Fsort%3Dlag')
  await signIn('a key that nobody has')
  await page.locator('[role=alert].error').waitFor()
  await signIn(KEY)
  await isAt('/clients?sort=lag')
  await page.locator('.who', { hasText: 'tests' }).waitFor()
  await page.locator('tbody tr', { hasText: 'fridge' }).waitFor()
  await page.context().clearCookies()
  await page.locator('[role=alert]', { hasText: 'Your session has ended' }).waitFor()
  await signIn(KEY)
  await isAt('/clients?sort=lag')
  assert.equal(await page.evaluate(() => JSON.stringify([{ ...localStorage }, document.cookie])), '[{},""]')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await isAt('/sign-in?why=left')
  await page.goto(`${stage.web}/sign-in?to=//elsewhere.example/`)
  await signIn(KEY)
  await isAt('/')
  await done()
})
