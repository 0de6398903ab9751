/** What the tests of the console share: a broker with a key, clients that do something, and pages that fail for complaints. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import { connect } from '../src/node.js'
import { Broker } from './broker.js'
import { launch } from './page.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const KEY = 'the key of the console tests'
export const WIDE = { viewport: { width: 1440, height: 1000 } }
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }

export class Stage {
  broker
  browser
  /** Where the console is. */
  web
  #clients = []

  /** @param {string[]} extra settings of the broker besides */
  static async open(extra = [], allow = ['read', 'publish', 'manage', 'inspect']) {
    const stage = new Stage()
    const keys = `api.keys=[{ name = "tests", key = "${KEY}", allow = ${JSON.stringify(allow)} }]`
    stage.broker = await Broker.start(['--set', keys, ...extra], { http: true })
    stage.browser = await launch()
    stage.web = stage.broker.http
    return stage
  }

  async close() {
    for (const client of this.#clients) await client.close().catch(() => {})
    await this.browser?.close()
    await this.broker?.stop()
  }

  /** Connects a client, which stays until the end. */
  async client(id) {
    const client = connect(this.broker.address('jmqt'), { credentials: { auth: { client_name: id } } })
    this.#clients.push(client)
    await client.ready()
    return client
  }

  /** Asks the API as who has all rights. */
  async ask(method, path, body) {
    const answer = await fetch(`${this.broker.http}${path}`, {
      method, headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }, ...(body === undefined ? {} : { body }),
    })
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`)
    return answer
  }

  publish(channel, payload, query = '') {
    return this.ask('POST', `/v1/channels/${encodeURIComponent(channel)}/messages${query}`, payload)
  }

  /** Has a browser keep the cookie of who signs in with the key. */
  async signIn(context) {
    const answer = await context.request.post(`${this.web}/v1/session`, { data: { key: KEY } })
    assert.ok(answer.ok(), await answer.text())
  }

  /**
   * Opens a page of the console, and fails the test for whatever the browser complains of. An answer that is an error is
   * no complaint: pages ask for what may not be there.
   */
  async page(path, options = WIDE, { isSignedIn = true } = {}) {
    const context = await this.browser.newContext(options)
    if (isSignedIn) await this.signIn(context)
    const page = await context.newPage()
    const complaints = []
    page.on('console', (message) => message.type() === 'error' && !/Failed to load resource/.test(message.text()) && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.stack))
    await page.goto(`${this.web}${path}`)
    await page.locator('h1').waitFor()
    return { page, done: async () => { await context.close(); assert.deepEqual(complaints, []) } }
  }
}

/** What axe finds on a page, a line each. */
export async function finds(page) {
  // The policy of the page forbids scripts of others, so that it is evaluated by the debugger.
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => window.axe.run())
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((it) => it.html).join(' | ')}`)
}

/** Answers the question that is asked in a dialog. */
export async function agree(page, action) {
  const dialog = page.locator('dialog[open]')
  await dialog.getByRole('button', { name: action }).click()
  await dialog.waitFor({ state: 'detached' })
}

/** What a button gives as a file. */
export async function download(page, name) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name, exact: true }).click()])
  return readFileSync(await file.path(), 'utf8')
}
