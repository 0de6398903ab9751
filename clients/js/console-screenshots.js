/**
 * Makes the pictures of `docs/console.md` from a running broker: `npm run console-screenshots`.
 *
 * It needs Chromium and a built broker, `target/debug/rialto` or the one `RIALTO_BINARY` names.
 */

import { connect } from './src/node.js'
import { PHONE, Stage, WIDE } from './tests/console-stage.js'

const FOLDER = new URL('../../docs/pictures/', import.meta.url).pathname
const WINDOW = { viewport: { width: 1280, height: 860 } }
const ROOMS = ['kitchen', 'hall', 'office', 'cellar']
const SHOPS = ['till-0007', 'till-0219', 'till-0931', 'till-1044']
const CITIES = ['Mestre', 'Padova', 'Treviso', 'Vicenza', 'Chioggia']

const stage = await Stage.open(['--set', 'history.messages=100', '--set', 'events.publish=["connected", "disconnected"]'])
const clients = []
let number = 73_314_510_714_175_488n

async function client(id) {
  const it = connect(stage.broker.address('jmqt'), { credentials: { auth: { client_name: id } } })
  clients.push(it)
  await it.ready()
  return it
}

/** Shops, rooms, and a client that was away for some time. */
async function people() {
  await stage.ask('POST', '/v1/clients/warehouse-sync/subscriptions', '{"channel":"orders/new","persistent":true}')
  for (const id of ['billing-01', 'billing-02', 'dashboard-0417']) (await client(id)).subscribe('orders/new', () => {})
  for (const room of ROOMS) {
    const fridge = await client(`thermostat-${room}`)
    for (const other of ROOMS) fridge.subscribe(`room/${other}`, () => {})
  }
  for (const id of SHOPS) await client(id)
  await stage.publish('prices/today', '{"espresso":1.30,"currency":"EUR"}', '?qos=1&retain=true')
  await stage.ask('POST', '/v1/clients/scanner-02208/ban', '{"reason":"sends the same order a thousand times"}')
}

/** One turn of what they say. */
async function talk(turn) {
  const shops = clients.filter((it) => SHOPS.includes(it.id))
  await Promise.all(shops.map((shop, at) => {
    number += 37n
    const total = `${20 + ((turn * 7 + at * 13) % 160)}.${10 + (turn % 80)}`
    return stage.ask('POST', '/v1/publish', `{"channel":"orders/new","qos":1,"payload":{"order":${number},"city":"${CITIES[(turn + at) % 5]}","lines":${1 + (turn + at) % 5},"total":${total},"currency":"EUR","paid":true}}`)
      // A shop whose connection is under way anew says nothing this time.
      .then(() => shop.publish('orders/seen', { shop: shop.id, turn }, { qos: 0 }).catch(() => {}))
  }))
  await Promise.all(ROOMS.map((room, at) => stage.publish(`room/${room}`, `{"celsius":${19 + at + (turn % 9) / 10}}`)))
}

const PICTURES = {
  'console-overview': ['/', WINDOW, '.figures'],
  'console-overview-dark': ['/', { ...WINDOW, colorScheme: 'dark' }, '.figures'],
  'console-clients': ['/clients?sort=out_rate', WINDOW, 'tbody tr'],
  'console-client': ['/clients/warehouse-sync', WINDOW, '.facts'],
  'console-tail': ['/channels/orders%2Fnew', { ...WINDOW, colorScheme: 'dark' }, '.tail-row'],
  'console-access': ['/access?client=till-0007&action=publish&channel=orders%2Fnew', WINDOW, '.verdict'],
  'console-sign-in': ['/sign-in', { viewport: { width: 900, height: 620 } }, 'form'],
  'console-phone': ['/channels/orders%2Fnew', PHONE, '.tail-row'],
}

let isOver = false
try {
  await people()
  const talking = (async () => { for (let turn = 0; !isOver; turn += 1) { await talk(turn); await new Promise((resolve) => { setTimeout(resolve, 250) }) } })()
  for (const [name, [path, options, ready]] of Object.entries(PICTURES)) {
    const { page, done } = await stage.page(path, { ...WIDE, ...options, reducedMotion: 'reduce' })
    await page.locator(ready).first().waitFor()
    await page.waitForFunction((since) => performance.now() > since, 5_000)
    if (name === 'console-tail') await page.locator('.tail-row').nth(6).click()
    await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0) })
    await page.mouse.move(0, 0)
    await page.screenshot({ path: `${FOLDER}${name}.png` })
    await done()
  }
  isOver = true
  await talking
} finally {
  isOver = true
  await Promise.all(clients.map((it) => it.close().catch(() => {})))
  await stage.close()
}
