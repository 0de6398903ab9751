/**
 * Chromium by its own protocol. Playwright makes every page believe that it has the focus, so that none is ever hidden.
 */

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { NodeWebSocket } from '../src/node-websocket.js'
import { within } from './bounded.js'

export class DevTools {
  #profile = mkdtempSync(join(tmpdir(), 'rialto-chromium-'))
  #program
  /** Resolves when the program has ended, by itself or not. */
  #gone = Promise.resolve()
  #socket
  #id = 0
  #waiting = new Map()

  static async start(args) {
    const tools = new DevTools()
    tools.#program = spawn('/usr/bin/chromium', [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--remote-debugging-port=0', `--user-data-dir=${tools.#profile}`, ...args,
    ], { stdio: ['ignore', 'ignore', 'pipe'] })
    tools.#gone = new Promise((resolve) => tools.#program.once('exit', resolve))
    let said = ''
    const address = await within('the start of Chromium', new Promise((resolve, reject) => {
      tools.#program.stderr.on('data', (bytes) => {
        said += bytes
        const found = /listening on (ws:\S+)/.exec(said)
        if (found) resolve(found[1])
      })
      tools.#gone.then(() => reject(new Error(`Chromium ended: ${said}`)))
    }), { look: () => said })
    tools.#socket = new NodeWebSocket(address)
    await within('the connection to Chromium', new Promise((resolve, reject) => {
      tools.#socket.onopen = resolve
      tools.#socket.onclose = () => {
        const error = new Error(`Chromium left: ${said}`)
        reject(error)
        for (const asked of tools.#waiting.values()) asked.reject(error)
      }
    }), { look: () => said })
    tools.#socket.onmessage = ({ data }) => {
      const { id, result, error } = JSON.parse(data)
      const asked = tools.#waiting.get(id)
      tools.#waiting.delete(id)
      if (error) asked?.reject(new Error(error.message))
      else asked?.resolve(result)
    }
    return tools
  }

  #ask(method, params, sessionId) {
    this.#id += 1
    this.#socket.send(JSON.stringify({ id: this.#id, method, params, sessionId }))
    const answer = new Promise((resolve, reject) => this.#waiting.set(this.#id, { resolve, reject }))
    return within(`${method} ${JSON.stringify(params).slice(0, 120)}`, answer)
  }

  /** Opens a tab, in front of the others, and returns how to evaluate an expression in it. */
  async open(url) {
    const { targetId } = await this.#ask('Target.createTarget', { url })
    const { sessionId } = await this.#ask('Target.attachToTarget', { targetId, flatten: true })
    await this.#ask('Target.activateTarget', { targetId })
    return async (expression) => {
      const { result, exceptionDetails } = await this.#ask('Runtime.evaluate',
        { expression, awaitPromise: true, returnByValue: true }, sessionId)
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
      return result.value
    }
  }

  async close() {
    this.#program.kill()
    await within('the end of Chromium', this.#gone)
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }
}
