/** The client without sockets: a scripted server, a clock that the test moves, fixed random numbers. */

import { Client } from '../src/client.js'
import { TestClock } from './clock.js'

/** Lets everything run that promises have put off. */
export const settle = () => new Promise((resolve) => setImmediate(resolve))

/** The server's side of a client under test. */
export class Script {
  clock = new TestClock(settle)
  sent = []
  opened = []
  events = []
  connection = undefined
  /** What the transport can do besides. */
  more = {}

  constructor(options = {}, addresses = ['jmqt://a']) {
    const env = { address: addresses[0], clock: this.clock, random: () => 0.5, open: (to, events) => this.#open(to, events) }
    this.client = new Client(env, addresses, { credentials: { client: 'ada', token: 't' }, ...options })
    for (const name of ['state', 'subscription', 'publish', 'slow', 'error']) {
      this.client.on(name, (event) => this.events.push({ name, ...event }))
    }
  }

  #open(to, events) {
    this.opened.push(to)
    this.connection = events
    return { send: (text) => this.sent.push(JSON.parse(text)), abort: () => {}, end: () => Promise.resolve(), ...this.more }
  }

  async online(body = { st: 1, ts: 15 }) {
    await settle()
    this.connection.opened()
    this.say({ connAck: body })
    await settle()
  }

  say(packet) {
    this.connection.heard()
    this.connection.frame(JSON.stringify(packet))
  }

  /** Ends the connection, and lets the wait for the next one pass. */
  async lose() {
    this.connection.closed({ code: 1006 })
    await this.clock.advance(20_000)
  }

  take() {
    return this.sent.splice(0)
  }

  last(name) {
    return this.events.filter((it) => it.name === name).at(-1)
  }
}
