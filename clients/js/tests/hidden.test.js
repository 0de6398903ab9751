/**
 * A hidden page, whose timers Chromium wakes once a minute after a grace period.
 *
 * `RIALTO_LONG=1 node --test tests/hidden.test.js` hides it for two minutes at `ts` 15; otherwise the times are shorter.
 */

import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { after, before, test } from 'node:test'

import { connect } from 'rialto-client'
import { becomes } from './bounded.js'
import { Broker } from './broker.js'
import { DevTools } from './devtools.js'
import { serveFiles } from './page.js'

const LONG = process.env.RIALTO_LONG === '1'
const TS = LONG ? 15 : 3
const HIDDEN_MS = LONG ? 120_000 : 9_000
const GRACE_S = LONG ? 10 : 1

let broker
let files
let browser

before(async () => {
  broker = await Broker.start(['--set', `session.heartbeat_timeout=${TS}s`])
  files = await serveFiles()
  browser = await DevTools.start([`--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/${GRACE_S}`])
})

after(async () => {
  await browser?.close()
  files?.close()
  await broker?.stop()
})

/** Evaluates `expression` until it is true. */
function isTrue(page, expression) {
  return becomes(expression, async () => await page(expression) || pause(20, false), () => page('JSON.stringify(globalThis.states ?? location.href)'))
}

test(`a page stays online while it is hidden for ${HIDDEN_MS / 1_000} s at ts ${TS} (K-16)`, { timeout: HIDDEN_MS + 60_000 }, async () => {
  const page = await browser.open(files.address)
  // A new tab is complete before it has gone anywhere.
  await isTrue(page, "location.href !== 'about:blank' && document.readyState === 'complete'")
  await page(`import('/src/browser.js').then(async ({ connect }) => {
    globalThis.states = []
    globalThis.seen = []
    globalThis.ticks = 0
    globalThis.client = connect('${broker.address('ws')}', { credentials: { auth: { client_name: 'hidden' } } })
    client.on('state', ({ state, reason }) => states.push(state + ' ' + reason))
    await client.subscribe('hidden', ({ data }) => void seen.push(data)).ready()
    setInterval(() => { ticks += 1 }, 100)
  })`)
  await browser.open('about:blank')
  await isTrue(page, "document.visibilityState === 'hidden'")
  // The time for which it is hidden is what is tested.
  await pause(HIDDEN_MS)
  assert.equal(await page('document.visibilityState'), 'hidden')
  assert.deepEqual(await page('states'), ['connecting undefined', 'online undefined'])
  const ticks = await page('ticks')
  assert.ok(ticks < HIDDEN_MS / 100 / 2, `the page's own timers do not sleep: ${ticks} ticks`)
  const speaker = connect(broker.address('jmqt'), { credentials: { auth: { client_name: 'speaker' } } })
  await speaker.publish('hidden', 7, { qos: 1 })
  await isTrue(page, 'seen.length === 1')
  await speaker.close()
})
