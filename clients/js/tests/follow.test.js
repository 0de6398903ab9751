/** A page that follows a channel with a browser's own `EventSource`, by the code of `docs/http-api.md`. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'

import { Broker } from './broker.js'
import { launch } from './page.js'

const PAGE = readFileSync(new URL('../../../docs/http-api.md', import.meta.url), 'utf8')
const CODE = /```js\n(async function follow[^]*?)```/.exec(PAGE)[1]

const KEY = 'the key of the application'

let broker
let browser

before(async () => {
  broker = await Broker.start([
    '--set', 'access.mode=tokens', '--set', `api.keys=[{ name = "app", key = "${KEY}" }]`,
    '--set', 'history.messages=1000', '--set', 'history.persistent=true',
  ], { http: true })
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await broker?.stop()
})

/** Posts something with the key, and returns the answer. */
async function post(path, body) {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
  const answer = await fetch(`${broker.http}${path}`, { method: 'POST', body: JSON.stringify(body), headers })
  assert.ok(answer.ok, `${path}: ${answer.status}`)
  return answer
}

test('an EventSource gets each message once, in order, over restarts of the broker', async () => {
  const { token } = await (await post('/v1/clients/ann/token', {})).json()
  const page = await browser.newPage()
  // A page of the listener's own, without a policy of what it may connect to.
  await page.goto(`${broker.http}/livez`)
  await page.evaluate(({ code, token }) => {
    Object.assign(window, { token, seen: [], show: ({ payload }) => window.seen.push(payload) })
    window.eval(`${code}; follow('all')`)
  }, { code: CODE, token })
  const seen = (count) => page.waitForFunction((wanted) => window.seen.length >= wanted, count, { polling: 20 })

  let published = 0
  const some = async (count) => {
    for (let n = 0; n < count; n += 1) await post('/v1/channels/room/messages', published++)
  }
  await some(20)
  await seen(published)
  for (const signal of ['SIGTERM', 'SIGKILL', 'SIGTERM']) {
    await broker.kill(signal)
    await broker.run()
    // Partly while the page is away.
    await some(20)
    await seen(published)
  }
  const all = Array.from({ length: published }, (_, n) => n)
  assert.deepEqual(await page.evaluate(() => window.seen), all)
})
