/** Starts real brokers on free ports. */

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { within } from './bounded.js'

export const PROGRAM = process.env.RIALTO_BINARY ?? new URL('../../../target/debug/rialto', import.meta.url).pathname

export class Broker {
  #child
  #directory = mkdtempSync(join(tmpdir(), 'rialto-js-'))
  #extra
  #speaksHttp
  port = 0
  /** Where it speaks HTTP, if it is to. */
  http = undefined

  /** @param {{ http?: boolean }} options whether it listens for HTTP too */
  static async start(extra = [], { http = false } = {}) {
    const broker = new Broker()
    broker.#extra = extra
    broker.#speaksHttp = http
    await broker.run()
    return broker
  }

  get data() {
    return this.#directory
  }

  /** What has it listen for HTTP, the second time on the port it had. */
  #httpArguments() {
    if (!this.#speaksHttp) return []
    const address = this.http === undefined ? '127.0.0.1:0' : new URL(this.http).host
    return ['--set', `listeners.http.address=${address}`, '--set', 'listeners.http.dialect=http']
  }

  /** Starts it, the second time on the ports it had. */
  async run() {
    const listen = `127.0.0.1:${this.port}`
    this.#child = spawn(PROGRAM, ['serve', '--listen', listen, '--data-dir', this.#directory, ...this.#extra, ...this.#httpArguments()],
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
