/** Pages of others that try to act through a browser in which somebody is signed in to the console. */

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'

import { Broker } from './broker.js'
import { launch } from './page.js'

const NAME = 'evil.example'
const TYPES = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/json']

let broker
let browser
let attacker
let attack

before(async () => {
  broker = await Broker.start([], { http: true })
  // The attacker's name leads to this machine, as it can have it do.
  browser = await launch({ args: [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`] })
  attacker = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>prize</title>'))
  await new Promise((resolve) => attacker.listen(0, '127.0.0.1', resolve))
  attack = attacker.address().port
})

after(async () => {
  await browser?.close()
  attacker?.close()
  await broker?.stop()
})

const port = () => new URL(broker.http).port

/** Opens the console, where nobody has to sign in; answers with what it is told and a way to ask as it does. */
async function console_(context) {
  const page = await context.newPage()
  const told = await (await page.goto(`http://localhost:${port()}/v1/session`)).json()
  // A page of the broker's that asks nothing by itself, and has no policy.
  await page.goto(`http://localhost:${port()}/livez`)
  const ask = (path, method = 'GET', body = null) => page.evaluate(async ({ path, method, body, csrf }) => {
    const headers = { 'content-type': 'application/json', 'x-rialto-csrf': csrf }
    const answer = await fetch(path, { method, headers, body })
    return { status: answer.status, text: await answer.text() }
  }, { path, method, body, csrf: told.csrf })
  return { page, told, ask }
}

const bans = async (ask) => JSON.parse((await ask('/v1/bans')).text).bans

test('the cookie is kept over plain HTTP on this machine, and no script reads it', async () => {
  const context = await browser.newContext()
  const { page, told, ask } = await console_(context)
  assert.equal(told.user, 'anonymous')
  const [cookie] = await context.cookies()
  assert.equal(cookie.name, `__Host-rialto-${port()}`)
  assert.ok(cookie.secure && cookie.httpOnly && cookie.sameSite === 'Strict' && cookie.path === '/')
  assert.equal(await page.evaluate(() => document.cookie), '')
  assert.equal((await ask('/v1/clients')).status, 200)
  // A stream has the cookie by itself.
  const first = await page.evaluate(() => new Promise((resolve) => {
    new EventSource('/v1/tail').addEventListener('count', () => resolve('count'), { once: true })
    setTimeout(() => resolve('nothing'), 20_000)
  }))
  assert.equal(first, 'count')
  await context.close()
})

test('a name that is made to lead to the broker gets nothing', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`http://${NAME}:${port()}/livez`)
  const statuses = await page.evaluate(async () => {
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
    const asked = [['/'], ['/v1/session'], ['/v1/clients'], ['/v1/tail'], ['/v1/clients/ann/ban', post],
      ['/v1/channels/room/messages', post], ['/v1/session', post]]
    return Promise.all(asked.map(async ([path, options]) => (await fetch(path, options)).status))
  })
  assert.ok(statuses.every((status) => status === 401 || status === 403), `${statuses}`)
  assert.deepEqual(await context.cookies(), [])
  await context.close()
})

test('the console is in no frame, nor is what it asks', async () => {
  const context = await browser.newContext()
  await console_(context)
  const page = await context.newPage()
  // On the same site, where the cookie would be sent.
  await page.goto(`http://localhost:${attack}/`)
  for (const path of ['/', '/clients', '/sample/', '/v1/session']) {
    const frame = await page.evaluateHandle((address) => new Promise((resolve) => {
      const frame = document.createElement('iframe')
      frame.onload = () => resolve(frame)
      frame.src = address
      document.body.replaceChildren(frame)
    }), `http://localhost:${port()}${path}`)
    const shown = await frame.asElement().contentFrame()
    assert.match(shown.url(), /^chrome-error:/, path)
  }
  await context.close()
})

for (const host of ['localhost', NAME]) {
  test(`forms and requests of a page of ${host} change nothing`, async () => {
    const context = await browser.newContext()
    const { ask } = await console_(context)
    const page = await context.newPage()
    const target = `http://localhost:${port()}`
    for (const enctype of TYPES.slice(0, 3)) {
      for (const path of ['/v1/clients/victim/ban', '/v1/session', '/v1/channels/room/messages']) {
        await page.goto(`http://${host}:${attack}/`)
        await Promise.all([page.waitForURL(`${target}${path}`), page.evaluate(({ address, enctype }) => {
          const form = document.createElement('form')
          Object.assign(form, { method: 'POST', action: address, enctype })
          const field = document.createElement('input')
          Object.assign(field, { name: '{"reason":"', value: '"}' })
          form.append(field)
          document.body.append(form)
          form.submit()
        }, { address: `${target}${path}`, enctype })])
      }
    }
    await page.goto(`http://${host}:${attack}/`)
    const read = await page.evaluate(async ({ target, types }) => {
      const read = []
      for (const method of ['GET', 'POST', 'DELETE']) {
        for (const type of types) {
          for (const mode of ['cors', 'no-cors']) {
            for (const path of ['/v1/session', '/v1/clients', '/v1/clients/victim/ban']) {
              const body = method === 'POST' ? '{"reason":"x"}' : null
              const options = { method, mode, body, credentials: 'include', headers: { 'content-type': type } }
              const answer = await fetch(`${target}${path}`, options).catch(() => undefined)
              const text = await answer?.text()
              if (text) read.push(`${method} ${type} ${path}: ${text}`)
            }
          }
        }
      }
      return read
    }, { target, types: TYPES })
    assert.deepEqual(read, [], 'nothing can be read')
    assert.deepEqual(await bans(ask), [], 'nobody is banned')
    assert.equal((await ask('/v1/session')).status, 200, 'and who was signed in still is')
    await context.close()
  })
}

test('whoever signs out takes the cookie along, also where it was kept', async () => {
  const context = await browser.newContext()
  const { page, ask } = await console_(context)
  const [kept] = await context.cookies()
  const ended = page.evaluate(async () => {
    const reader = (await fetch('/v1/tail')).body.getReader()
    while (!(await reader.read()).done);
    return 'ended'
  })
  assert.equal((await ask('/v1/session', 'DELETE')).status, 204)
  assert.equal(await ended, 'ended')
  assert.deepEqual(await context.cookies(), [])
  const again = await fetch(`${broker.http}/v1/clients`, { headers: { cookie: `${kept.name}=${kept.value}` } })
  assert.equal(again.status, 401)
  await context.close()
})
