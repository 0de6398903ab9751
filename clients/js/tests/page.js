/** A page in Chromium, and a proxy before the broker that can cut and stall its connections. */

import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { join, resolve as resolvePath } from 'node:path'
import { chromium } from 'playwright-core'

import { bounded, within } from './bounded.js'

const ROOT = new URL('..', import.meta.url).pathname
const BLANK = '<!doctype html><meta charset="utf-8"><title>test</title>'

const listening = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))

const TYPES = { html: 'text/html', css: 'text/css', svg: 'image/svg+xml', json: 'application/json' }

/** Serves the files of a folder, the package's own by default, and at `/` an empty page, which may have a policy. */
export async function serveFiles(folder = '.', policy = undefined) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    try {
      const isPage = pathname === '/'
      const body = isPage ? BLANK : readFileSync(join(resolvePath(ROOT, folder), pathname))
      response.setHeader('content-type', isPage ? 'text/html' : TYPES[pathname.split('.').at(-1)] ?? 'text/javascript')
      if (policy) response.setHeader('content-security-policy', policy)
      response.end(body)
    } catch {
      response.writeHead(404).end()
    }
  })
  const port = await listening(server)
  return { address: `http://127.0.0.1:${port}/`, close: () => server.close() }
}

export class Proxy {
  #pairs = new Set()
  #stalled = false
  #refuses = false
  #held = undefined
  #server

  static async before(port) {
    const proxy = new Proxy()
    proxy.#server = net.createServer((client) => proxy.#join(client, port))
    proxy.address = `ws://127.0.0.1:${await listening(proxy.#server)}`
    return proxy
  }

  #join(client, port) {
    if (this.#refuses) return client.resetAndDestroy()
    const broker = net.connect(port, '127.0.0.1')
    const pair = [client, broker]
    this.#pairs.add(pair)
    for (const socket of pair) {
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#pairs.delete(pair)
        client.destroy()
        broker.destroy()
      })
    }
    if (this.#stalled) client.pause()
    client.on('data', (bytes) => broker.write(bytes))
    broker.on('data', (bytes) => (this.#held ? this.#held.push([client, bytes]) : client.write(bytes)))
  }

  cut() {
    for (const [client] of this.#pairs) client.resetAndDestroy()
  }

  /** Ends all connections, and takes no more until `accept`. */
  refuse() {
    this.#refuses = true
    this.cut()
  }

  accept() {
    this.#refuses = false
  }

  /** Keeps what the broker sends to pages until `letGo`, which passes all of it on at once. */
  hold() {
    this.#held = []
  }

  /** Whether `text` is in what is kept. */
  holds(text) {
    return Buffer.concat(this.#held.slice(-20).map(([, bytes]) => bytes)).includes(text)
  }

  letGo() {
    for (const [client, bytes] of this.#held.splice(0)) client.write(bytes)
    this.#held = undefined
  }

  /** Nothing that pages send passes until `release`. */
  stall() {
    this.#stalled = true
    for (const [client] of this.#pairs) client.pause()
  }

  release() {
    this.#stalled = false
    // What was stalled belongs to pages that may be gone: they connect again.
    this.cut()
  }

  close() {
    this.cut()
    this.#server.close()
  }
}

/**
 * Starts Chromium; each step with it and its pages has a bound.
 * @param {{ args?: string[], ignoreDefaultArgs?: string[] }} more what this browser is to have besides
 */
export async function launch({ args = [], ...more } = {}) {
  const browser = chromium.launch({
    ...more,
    executablePath: '/usr/bin/chromium',
    args: [
      ...args,
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  })
  return bounded(await within('the start of Chromium', browser))
}
