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

test('what pages read and what the console says are as they were', async () => {
  const page = await browser.newPage()
  await page.goto(files.address)
  const lines = []
  page.on('console', (message) => lines.push(message.text()))
  await page.addScriptTag({ url: '/jmqt-client.js' })
  const port = broker.port
  const seen = await page.evaluate(async (brokerPort) => {
    const call = (act) => new Promise((resolve) => act((...given) => resolve(given)))
    const client = new window.JMQTClient('127.0.0.1', brokerPort, false)
    const read = () => {
      const { opened, connected, clientId, authToken, websockAddress, websocket } = client
      return [opened, connected, clientId, authToken !== '', websockAddress, websocket?.constructor.name ?? null]
    }
    const states = [read()]
    const [, token, id] = await call((done) => client.auth({ client_name: 'reader' }, done))
    states.push(read())
    await call((done) => client.conn(id, token, done))
    states.push(read())
    const subs = []
    // The callback of a channel is called at each of its answers.
    await new Promise((resolve) => {
      client.sub('read', false, (...given) => subs.push(given) === 2 && resolve())
      client.pub('$time', {}, 0, 0, () => client.sub('read', false, (...given) => subs.push(given) === 2 && resolve()))
    })
    const zero = []
    const zeroId = client.pub('read', 1, 0, 0, (...given) => zero.push(given))
    const one = await call((done) => client.pub('read', { n: 1 }, 0, 1, done))
    const unsub = await call((done) => client.unsub('read', done))
    client.disconnect()
    states.push(read())
    const { statusCodes, JMQT_VERSION } = client
    return { states, subs, zero, zeroId, one: one.slice(0, 2), unsub, statusCodes, same: statusCodes === window.JMQT.statusCodes, JMQT_VERSION }
  }, port)
  const where = `ws://127.0.0.1:${port}`
  assert.deepEqual(seen, {
    states: [
      [false, false, '', false, where, null], [true, false, 'reader', true, where, 'WebSocket'],
      [true, true, 'reader', true, where, 'WebSocket'], [false, false, 'reader', true, where, null],
    ],
    subs: [[1, 'read'], [1, 'read']], zero: [], zeroId: '2', one: [1, '3'], unsub: [1, 'read'],
    statusCodes: {
      UNKNOWN: -1, FAILED: 0, OK: 1, MALFORMED_PACKET: 3, SERVER_ERROR: 5, INVALID_TOKEN: 6, NOT_ALLOWED: 7,
      CLIENT_OFFLINE: 8, NETWORK_ERROR: 9, INVALID_PACKET: 10, INVALID_CHANNEL: 11,
    },
    same: true, JMQT_VERSION: '1.0',
  })
  assert.deepEqual(lines, [
    `Opening web socket ${where}`, `Web socket opened ${where}`, 'JMQT auth..', 'JMQT authAck, status 1', 'JMQT conn..',
    'JMQT connAck, status 1', 'JMQT sub "read", persistent 0', 'JMQT pub "1" to "$time"', 'JMQT subAck for "read", status 1',
    'JMQT pubAck for "1", status 1', 'JMQT sub "read", persistent 0', 'JMQT subAck for "read", status 1', 'JMQT pub "2" to "read"',
    'JMQT pub "3" to "read"', 'JMQT pubAck for "3", status 1', 'JMQT unsub "read"', 'JMQT unsubAck for "read", status 1',
  ])
  await page.close()
})

test('without a network each call is answered with 9, and then the page is told of the end', async () => {
  const page = await browser.newPage()
  await page.goto(files.address)
  await page.addScriptTag({ url: '/jmqt-client.js' })
  proxy.refuse()
  const calls = await page.evaluate((port) => new Promise((resolve) => {
    window.JMQTClient.log = () => {}
    const told = []
    const client = new window.JMQTClient('127.0.0.1', port, false)
    const tell = (what) => (...given) => told.push([what, ...given])
    client.on('disconnect', (address) => { tell('disconnect')(address); resolve(told) })
    client.auth(undefined, tell('auth'))
    client.conn('ada', 'a token', tell('conn'))
    client.sub('c', true, tell('sub'))
    client.unsub('c', tell('unsub'))
    client.pub('c', 1, 1, 1, tell('pub'))
    client.pushAck('7')
  }), Number(new URL(proxy.address).port))
  proxy.accept()
  assert.deepEqual(calls, [['sub', 9, 'c'], ['unsub', 9, 'c'], ['pub', 9, '1'], ['auth', 9], ['conn', 9], ['disconnect', proxy.address]])
  await page.close()
})

test('login data that are missing are an empty text, and a session of one second is kept by heartbeats that do not flood', async () => {
  const page = await browser.newPage()
  await page.goto(files.address)
  await page.addScriptTag({ url: '/jmqt-client.js' })
  const sent = []
  let beaten
  const beats = new Promise((resolve) => { beaten = resolve })
  // This broker's sessions last three seconds at least, others' may not.
  await page.routeWebSocket('ws://short.example/', (socket) => socket.onMessage((text) => {
    const [root] = Object.keys(JSON.parse(text))
    sent.push({ root, text, at: performance.now() })
    if (root === 'auth') socket.send('{"authAck":{"st":1,"cl":"ada","at":"a token"}}')
    if (root === 'conn') socket.send('{"connAck":{"st":1,"ts":1}}')
    if (sent.length === 6) beaten()
  }))
  await page.evaluate(() => {
    const client = new window.JMQTClient('short.example', 80, false)
    client.auth(undefined, (_, token, id) => client.conn(id, token))
  })
  await beats
  assert.deepEqual(sent.map(({ root }) => root), ['auth', 'conn', 'hb', 'hb', 'hb', 'hb'])
  assert.equal(sent[0].text, '{"auth":{"dt":""}}')
  assert.ok(sent[5].at - sent[2].at > 750, 'a third of the second lies between heartbeats')
  await page.close()
})
