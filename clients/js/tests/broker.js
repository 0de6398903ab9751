/** Starts real brokers on free ports. */

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { within } from './bounded.js'

export const PROGRAM = process.env.RIALTO_BINARY ?? new URL('../../../target/debug/rialto', import.meta.url).pathname

const HTTP = ['--set', 'listeners.http.address=127.0.0.1:0', '--set', 'listeners.http.dialect=http']

export class Broker {
  #child
  #directory = mkdtempSync(join(tmpdir(), 'rialto-js-'))
  #extra
  port = 0
  /** Where it speaks HTTP, if it is to. */
  http = undefined

  /** @param {{ http?: boolean }} options whether it listens for HTTP too */
  static async start(extra = [], { http = false } = {}) {
    const broker = new Broker()
    broker.#extra = http ? [...extra, ...HTTP] : extra
    await broker.run()
    return broker
  }

  get data() {
    return this.#directory
  }

  /** Starts it, the second time on the port it had. */
  async run() {
    const listen = `127.0.0.1:${this.port}`
    this.#child = spawn(PROGRAM, ['serve', '--listen', listen, '--data-dir', this.#directory, ...this.#extra],
      { stdio: ['ignore', 'pipe', 'pipe'] })
    let log = ''
    this.port = await within('the start of the broker', new Promise((resolve, reject) => {
      const look = (bytes) => {
        log += bytes
        const found = /listen-1=127\.0\.0\.1:(\d+)/.exec(log)
        const web = /http=(127\.0\.0\.1:\d+)/.exec(log)
        if (web) this.http = `http://${web[1]}`
        if (found) resolve(Number(found[1]))
      }
      this.#child.stdout.on('data', look)
      this.#child.stderr.on('data', look)
      this.#child.once('exit', (code) => reject(new Error(`the broker ended with ${code}: ${log}`)))
    }), { look: () => log })
  }

  async kill(signal = 'SIGKILL') {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await within(`the end of the broker after ${signal}`, gone)
  }

  async stop() {
    await this.kill()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  address(scheme) {
    return `${scheme}://127.0.0.1:${this.port}`
  }
}
