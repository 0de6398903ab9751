/** The sample application in Chromium: served by a real broker, and as plain files. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'

import { Broker } from './broker.js'
import { launch, serveFiles } from './page.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const WIDE = { viewport: { width: 1440, height: 900 } }

let broker
let browser

before(async () => {
  broker = await Broker.start([], { http: true })
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await broker?.stop()
})

/** Opens the page, and fails the test for whatever the browser complains of. */
async function open(options = {}, address = `${broker.http}/sample/`) {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const complaints = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(address)
  await page.waitForSelector('.client')
  return { page, done: async () => { await context.close(); assert.deepEqual(complaints, []) } }
}

/** Presses the button of a step, and waits for what is said of it. */
async function take(client, step, said) {
  await client.locator(`[data-step=${step}] .go`).click()
  await client.locator(`[data-step=${step}] .result`, { hasText: said }).waitFor()
}

async function finds(page) {
  // The policy of the page forbids script tags of others, so that it is evaluated by the debugger.
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => window.axe.run())
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((it) => it.html).join(' | ')}`)
}

test('two clients take all steps, and see pushes, packets and code', async () => {
  const { page, done } = await open(WIDE)
  const [client, bob] = [page.locator('#client-1'), page.locator('#client-2')]
  const [left, right] = [await client.boundingBox(), await bob.boundingBox()]
  assert.ok(left.x + left.width < right.x && left.y === right.y, 'they stand side by side')
  for (const one of [client, bob]) {
    await take(one, 'auth', /^Token .{12}… for (ada|bob), valid for \d+ d$/)
    await take(one, 'conn', 'Session open')
  }
  await take(client, 'sub', 'Subscribed')
  await take(bob, 'pub', 'Acknowledged')
  await client.locator('.push', { hasText: 'room/kitchen' }).waitFor()
  await take(client, 'pub', 'Acknowledged')
  assert.match(await client.locator('.code').textContent(), /client\.publish\('room\/kitchen', \{"celsius":21\.5\}, \{ qos: 1 \}\)/)
  await take(client, 'send', 'only bob gets it')
  await bob.locator('.push', { hasText: 'ada, to me alone' }).waitFor()
  await client.locator('[data-step=send] [name=peer]').fill('nobody')
  await take(client, 'send', 'status 8')
  assert.equal(await client.locator('.packet.refused').count(), 1)
  const packets = await client.locator('.packets').textContent()
  for (const root of ['auth', 'authAck', 'conn', 'connAck', 'sub', 'subAck', 'pub', 'pubAck', 'push', 'pushAck']) {
    assert.ok(packets.includes(`"${root}"`), root)
  }
  assert.deepEqual(await page.locator('.state.online').allTextContents(), ['Connected as ada', 'Connected as bob'])
  await client.getByLabel('Unsubscribe from room/kitchen').click()
  await client.locator('.packet', { hasText: 'unsubAck' }).waitFor()
  await client.getByRole('button', { name: 'Disconnect' }).click()
  await page.locator('.state.closed').waitFor()
  await done()
})

test('secrets are not shown, and the second client can be left out', async () => {
  const { page, done } = await open({}, `${broker.http}/sample/?clients=1`)
  await page.getByRole('button', { name: 'Show a second client' }).click()
  const bob = page.locator('#client-2')
  await bob.locator('[name=password]').fill('a secret of bob')
  await take(bob, 'auth', 'Token')
  await take(bob, 'conn', 'Session open')
  assert.ok(!(await page.textContent('body')).includes('a secret'))
  const token = /"at":\s*"([^"]*)"/.exec(await bob.locator('.packets').textContent())[1]
  assert.match(token, /^.{6}…$/)
  await page.getByRole('button', { name: 'Hide the second client' }).click()
  await bob.waitFor({ state: 'detached' })
  await done()
})

test('a client that is thrown out or refused says so', async () => {
  const { page, done } = await open(WIDE)
  const [one, other] = [page.locator('#client-1'), page.locator('#client-2')]
  await take(one, 'sub', 'Connect first')
  await take(one, 'conn', 'Authenticate first')
  await other.locator('[name=name]').fill('ada')
  for (const client of [one, other]) {
    await take(client, 'auth', 'Token')
    await take(client, 'conn', 'Session open')
  }
  await one.locator('.result', { hasText: 'another client of this name connected' }).waitFor()
  await take(one, 'conn', 'Session open')
  await take(one, 'sub', 'Subscribed')
  await one.locator('[data-step=pub] [name=channel]').fill('#nobody')
  await take(one, 'pub', 'status 8')
  await done()
})

test('everything can be done with the keyboard', async () => {
  const { page, done } = await open({}, `${broker.http}/sample/?clients=1`)
  const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key) }
  await press('Tab', 'Enter')
  const inForm = () => page.evaluate(() => document.activeElement.closest('[data-step]')?.dataset.step)
  const tabTo = async (step) => {
    for (let presses = 0; await inForm() !== step; presses += 1) {
      assert.ok(presses < 40, `${step} is reached by Tab`)
      await press('Tab')
    }
  }
  const said = (step, text) => page.locator(`[data-step=${step}] .result`, { hasText: text }).waitFor()
  for (const [step, text] of [['auth', 'Token'], ['conn', 'Session'], ['sub', 'Subscribed'], ['pub', 'Acknowledged']]) {
    await tabTo(step)
    await press('Enter')
    await said(step, text)
  }
  const isSeen = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle)
  assert.equal(isSeen, 'solid')
  await page.getByLabel('Unsubscribe from room/kitchen').focus()
  await press('Enter')
  await page.locator('.chips li').waitFor({ state: 'detached' })
  await page.waitForFunction(() => document.activeElement.name === 'channel')
  await done()
})

for (const [name, options] of [
  ['a wide screen, light', WIDE],
  ['a wide screen, dark', { ...WIDE, colorScheme: 'dark' }],
  ['a phone, light', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
  ['a phone, dark', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: 'dark' }],
]) {
  test(`axe finds nothing, and nothing is cut off: ${name}`, async () => {
    const { page, done } = await open(options, `${broker.http}/sample/?clients=2`)
    for (const client of [page.locator('#client-1'), page.locator('#client-2')]) {
      for (const [step, said] of [['auth', 'Token'], ['conn', 'Session'], ['sub', 'Subscribed'], ['pub', 'Ackn']]) {
        await take(client, step, said)
      }
    }
    await page.locator('#client-1 [data-step=send] [name=peer]').fill('nobody')
    await take(page.locator('#client-1'), 'send', 'status 8')
    assert.deepEqual(await finds(page), [])
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    assert.ok(tooWide <= 0, `${tooWide} px too wide`)
    await done()
  })
}

test('the same files work from any web server, against any broker', async () => {
  const files = await serveFiles('../../web/sample/')
  const address = `ws://127.0.0.1:${broker.port}`
  const { page, done } = await open({}, `${files.address}index.html?clients=1&broker=${address}`)
  await take(page.locator('.client'), 'auth', 'Token')
  await take(page.locator('.client'), 'conn', 'Session open')
  await done()
  const { page: other, done: otherDone } = await open({}, `${files.address}index.html?clients=1`)
  assert.equal(await other.locator('[name=address]').inputValue(), 'ws://127.0.0.1:8012')
  await otherDone()
  files.close()
})
