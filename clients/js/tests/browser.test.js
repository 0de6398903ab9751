/** The client in Chromium, against a real broker. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { connect } from 'rialto-client'
import { within } from './bounded.js'
import { Broker } from './broker.js'
import { Proxy, launch, serveFiles } from './page.js'

let broker
let proxy
let files
let browser

before(async () => {
  broker = await Broker.start()
  proxy = await Proxy.before(broker.port)
  files = await serveFiles()
  browser = await launch()
})

after(async () => {
  await browser?.close()
  files?.close()
  proxy?.close()
  await broker?.stop()
})

async function newPage(context = browser) {
  const page = await context.newPage()
  await page.goto(files.address)
  return page
}

/** Opens `window.client`; its events are in `window.events`. */
function openClient(page, id, stored = false) {
  return page.evaluate(async ([address, name, isStored]) => {
    const { connect: open } = await import('/src/browser.js')
    const { indexedDbOutbox } = await import('/src/outbox-store.js')
    const outbox = isStored ? { store: indexedDbOutbox() } : {}
    window.events = []
    window.client = open(address, { credentials: { auth: { client_name: name } }, outbox })
    for (const kind of ['state', 'subscription', 'publish', 'outbox', 'error']) {
      window.client.on(kind, (event) => window.events.push({ ...event, kind, error: String(event.error ?? '') }))
    }
  }, [proxy.address, id, stored])
}

/** A subscriber under Node that collects `count` different numbers. */
async function collect(channel, count) {
  const client = connect(broker.address('jmqt'), { credentials: { auth: { client_name: `collector of ${channel}` } } })
  const seen = []
  let complete
  const all = new Promise((resolve) => { complete = resolve })
  await client.subscribe(channel, ({ data }) => {
    if (!seen.includes(data)) seen.push(data)
    if (seen.length === count) complete()
  }).ready()
  return { client, seen, all: () => within(`${count} messages`, all, { look: () => `${seen.length} came: ${seen}` }) }
}

test('a page subscribes, publishes, asks and closes', async () => {
  const page = await newPage()
  await openClient(page, 'quick')
  const other = await newPage()
  await openClient(other, 'quick-other')
  await page.evaluate(async () => {
    window.got = new Promise((resolve) => {
      window.ready = window.client.subscribe('quick', ({ data }) => resolve(data)).ready()
    })
    await window.ready
  })
  await other.evaluate(() => window.client.publish('quick', { n: 1 }, { qos: 1 }))
  assert.deepEqual(await page.evaluate(() => window.got), { n: 1 })
  assert.equal(typeof await page.evaluate(() => window.client.request('$time')), 'object')
  assert.equal(await page.evaluate(() => window.client.close().then(() => window.client.state)), 'closed')
  await other.close()
  await page.close()
})

test('a cut connection is made again, with its subscriptions (K-23)', async () => {
  const page = await newPage()
  await openClient(page, 'cut')
  await page.evaluate(() => window.client.subscribe('cut', ({ data }) => window.events.push({ data })).ready())
  proxy.cut()
  await page.waitForFunction(() => window.events.some((it) => it.restored))
  await page.evaluate(() => window.client.request('$time'))
  const speaker = await collect('unused', 1)
  await speaker.client.publish('cut', 'after', { qos: 1 })
  await page.waitForFunction(() => window.events.some((it) => it.data === 'after'))
  await speaker.client.close()
  await page.close()
})

test('100 stalled publishes survive a reload, in order, and a second tab sends none (K-50)', async () => {
  const context = await browser.newContext()
  const collector = await collect('stored', 100)
  const page = await newPage(context)
  await openClient(page, 'storer', true)
  await page.waitForFunction(() => window.events.some((it) => it.kind === 'outbox') && window.client.state === 'online')
  proxy.stall()
  await page.evaluate(async () => {
    for (let n = 0; n < 100; n += 1) window.client.publish('stored', n, { qos: 1 })
    const [name] = (await indexedDB.databases()).map((it) => it.name)
    const database = await new Promise((resolve) => {
      indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result)
    })
    const count = () => new Promise((resolve) => {
      database.transaction('frames').objectStore('frames').count().onsuccess = ({ target }) => resolve(target.result)
    })
    while (await count() < 100);
    database.close()
  })
  const second = await newPage(context)
  await openClient(second, 'storer', true)
  await second.waitForFunction(() => window.events.some((it) => it.kind === 'error'))
  assert.match(await second.evaluate(() => window.events.find((it) => it.kind === 'error').error), /another holder/)
  await second.close()
  await page.reload()
  await openClient(page, 'storer', true)
  await page.waitForFunction(() => window.events.some((it) => it.restored === 100))
  proxy.release()
  await collector.all()
  assert.deepEqual(collector.seen, Array.from({ length: 100 }, (_, n) => n))
  await page.waitForFunction(() => window.events.filter((it) => it.outcome === 'done').length === 100)
  await collector.client.close()
  await context.close()
})

test('10,000 messages at once arrive in order', async () => {
  const page = await newPage()
  await openClient(page, 'burst')
  await page.evaluate(async () => {
    window.seen = []
    await window.client.subscribe('burst', ({ data }) => void window.seen.push(data)).ready()
  })
  const speaker = connect(broker.address('jmqt'), { credentials: { auth: { client_name: 'burst-speaker' } } })
  await within('10,000 publishes', Promise.all(Array.from({ length: 10_000 }, (_, n) => speaker.publish('burst', n, { qos: 1 }))))
  await page.waitForFunction(() => window.seen.length === 10_000)
  assert.ok(await page.evaluate(() => window.seen.every((data, n) => data === n)))
  await speaker.close()
  await page.close()
})

test('a page written for the original script gets each callback', async () => {
  const page = await newPage()
  await page.addScriptTag({ url: '/jmqt-client.js' })
  const port = Number(new URL(proxy.address).port)
  const calls = await page.evaluate(async (brokerPort) => {
    const said = {}
    const call = (act) => new Promise((resolve) => act((...given) => resolve(given)))
    const lines = []
    window.JMQTClient.log = (line) => lines.push(line)
    const one = new window.JMQTClient('127.0.0.1', brokerPort, false)
    const two = new window.JMQTClient('127.0.0.1', brokerPort, false)
    said.offline = await call((done) => one.pub('c', 1, 0, 1, done))
    for (const [client, name] of [[one, 'page-one'], [two, 'page-two']]) {
      const [status, token, id] = await call((done) => client.auth({ client_name: name }, done))
      said.auth = [status, typeof token, id]
      said.conn = await call((done) => client.conn(id, token, done))
    }
    said.again = await call((done) => one.conn('page-one', '', done))
    said.sub = await call((done) => one.sub('c', false, done))
    const pushed = call((done) => one.on('push', done))
    said.pub = (await call((done) => two.pub('c', { n: 1 }, 0, 1, done))).slice(0, 2)
    said.push = await pushed
    said.control = (await call((done) => one.pub('$whoami', {}, 0, 0, done)))[0]
    said.unsub = await call((done) => one.unsub('c', done))
    said.codes = window.JMQT.statusCodes.INVALID_CHANNEL
    said.state = [one.opened, one.connected, one.clientId]
    said.first = lines[0]
    window.gone = call((done) => one.on('disconnect', done))
    two.disconnect(true)
    return said
  }, port)
  assert.deepEqual(calls, {
    offline: [9, '1'], auth: [1, 'string', 'page-two'], conn: [1], again: [1], sub: [1, 'c'], pub: [1, '1'],
    push: ['c', 'page-two', { n: 1 }, 1, 0], control: 1, unsub: [1, 'c'], codes: 11,
    state: [true, true, 'page-one'], first: `Opening web socket ws://127.0.0.1:${port}`,
  })
  proxy.cut()
  assert.deepEqual(await page.evaluate(() => window.gone), [`ws://127.0.0.1:${port}`])
  await page.close()
})
