/** The classic script in Chromium: the guide's AngularJS sample, callbacks that throw, pages that are left. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Stage } from './stage.js'

/** @type {Stage} */
let stage
let broker
let proxy
let files
let browser
let speaker

before(async () => {
  stage = await Stage.set();
  ({ broker, proxy, files, browser, speaker } = stage)
})

after(() => stage?.strike())

/** A page with the script and a connected `window.client`; what it sends is in its session storage. */
async function newPage(name) {
  const page = await browser.newPage()
  await page.goto(files.address)
  await page.addScriptTag({ url: '/jmqt-client.js' })
  await page.evaluate(([port, id]) => new Promise((resolve) => {
    const { send } = WebSocket.prototype
    WebSocket.prototype.send = function (text) {
      sessionStorage.sent = `${sessionStorage.sent ?? ''}${text}\n`
      send.call(this, text)
    }
    window.client = new window.JMQTClient('127.0.0.1', port, false)
    window.client.auth({ client_name: id }, (_, token, cl) => window.client.conn(cl, token, resolve))
  }), [broker.port, name])
  return page
}

const sentBy = (page) => page.evaluate(() => sessionStorage.sent)

test('the AngularJS sample, as it is written from the guide, works with this script', async () => {
  const page = await browser.newPage()
  const errors = []
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.goto(`${files.address}tests/angular/index.html?port=${new URL(proxy.address).port}`)
  const says = (text) => page.locator('li', { hasText: text }).first().waitFor()
  await page.click('#connect button')
  await says('authentication OK')
  await says('connected: 1')
  await page.click('#subscribe button')
  await says('subscribed to news: 1')
  const answer = new Promise((resolve) => speaker.subscribe('answers', ({ data }) => resolve(data)))
  await speaker.request('$time')
  await speaker.publish('news', { text: 'hello' }, { qos: 1 })
  await says('speaker on news: hello')
  await page.click('#publish button')
  await says('published: 1')
  assert.deepEqual(await answer, { text: 'from angular' })
  proxy.cut()
  await says(`lost ${proxy.address}`)
  await page.click('#connect button')
  await page.locator('li', { hasText: 'connected: 1' }).nth(1).waitFor()
  await speaker.publish('news', { text: 'again' }, { qos: 1 })
  await says('speaker on news: again')
  assert.deepEqual(errors, [])
  await page.close()
})

test('a callback that throws is reported, is acknowledged, and keeps no other from being called', async () => {
  const page = await newPage('throwing')
  const errors = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.evaluate(() => {
    window.seen = []
    window.client.on('push', (channel, from, data) => {
      window.seen.push(data)
      throw new Error(`push ${data}`)
    })
    return new Promise((resolve) => window.client.sub('thrown', true, resolve))
  })
  await speaker.publish('thrown', 1, { qos: 1 })
  await speaker.publish('thrown', 2, { qos: 1 })
  await page.waitForFunction(() => window.seen.length === 2)
  await page.evaluate(() => window.client.sub('other', false, () => { throw new Error('sub') }))
  const status = await page.evaluate(() => new Promise((resolve) => window.client.pub('thrown', 3, 0, 1, resolve)))
  assert.equal(status, 1)
  await page.waitForFunction(() => sessionStorage.sent.split('"pushAck"').length === 3)
  assert.deepEqual(errors.sort(), ['push 1', 'push 2', 'sub'])
  await page.close()
})

test('a page that is left takes leave, and its sockets end', async () => {
  const page = await newPage('leaving')
  await page.goto(`${files.address}index.d.ts`)
  assert.deepEqual(JSON.parse((await sentBy(page)).trim().split('\n').at(-1)), { disconn: {} })
  await assert.rejects(speaker.send('leaving', 1, { qos: 1 }), { status: 8 })
  await page.close()
})
