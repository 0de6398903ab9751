/**
 * One connection at a time, and what becomes of it: states, attempts, waits (clauses K-1 to K-17).
 *
 * It does no I/O: `env` has the clock, the random numbers, and `open`, which makes a transport.
 */

import { waitBefore, between, shuffled } from './backoff.js'
import { Unauthorized, isFinal } from './errors.js'
import { Heartbeat } from './heartbeat.js'
import { isOn } from './packets.js'
import { Session } from './session.js'

const ATTEMPT_MS = 10_000
const STEADY_MS = 20_000
const HINT_MS = 250
const DEFAULT_TS = 15

export class Connection {
  /** @type {import('../index.js').State} */
  state = 'idle'
  /**
   * The client id of the first session; later ones must have it too (K-13).
   * @type {string | undefined}
   */
  id
  attempt = 0
  heartbeat
  #env
  #addresses
  #options
  #hooks
  #order = []
  #index = 0
  #round = 0
  /** Grows with each attempt and each end, so that what belongs to a former one is known. */
  #generation = 0
  /** @type {Session | undefined} */
  #session
  #timer
  #onlineSince = 0
  #everOnline = false
  #waitingSince = 0
  #last = {}
  #askedAgain = false
  #events = {
    heard: () => this.online && this.heartbeat.heard(),
    online: (body) => this.#connected(body),
    packet: (root, body, text) => root === 'hbAck' ? this.heartbeat.answered() : this.#hooks.packet(root, body, text),
    unreadable: () => this.#hooks.unreadable(),
    refused: (said) => this.#refused(said),
    over: (reason, said) => this.lose(reason, said),
  }

  /** @param hooks `state(event)`, `online(resumed)`, `packet(root, body, text)`, `lost(reason)`, `ended(reason)`, `unreadable()`, `hasRoom()` */
  constructor(env, addresses, options, hooks) {
    this.#env = env
    this.#addresses = addresses
    this.#options = options
    this.#hooks = hooks
    this.heartbeat = new Heartbeat(env.clock, {
      send: () => this.send({ hb: {} }),
      silent: () => this.lose('silent'),
      late: () => this.wake(),
    })
  }

  get online() {
    return this.state === 'online'
  }

  /** Begins to connect, from `idle` or `closed`; in other states it already does. */
  connect() {
    if (this.state !== 'idle' && this.state !== 'closed') return
    this.#order = this.#options.inOrder ? this.#addresses : shuffled(this.#addresses, this.#env.random)
    this.#index = this.#round = this.attempt = 0
    this.#everOnline = this.#askedAgain = false
    this.#last = {}
    this.#waitingSince = this.#env.clock.now()
    this.#open()
  }

  /** Sends a packet now; false if there is no session that could take it (K-10). */
  send(packet) {
    return this.sendText(JSON.stringify(packet))
  }

  sendText(text) {
    if (this.state !== 'online') return false
    this.#session?.send(text)
    this.heartbeat.sent()
    return true
  }

  /** Stops reading; false where that cannot be done. */
  pause() {
    if (!this.#session?.canPause) return false
    this.#session.pause()
    this.heartbeat.reading(false)
    return true
  }

  resume() {
    if (!this.#session?.canPause) return
    this.#session.resume()
    this.heartbeat.reading(true)
  }

  /** A hint that the network or the machine is back (K-8). */
  wake() {
    if (this.state === 'waiting') this.#openAfter(between(0, HINT_MS, this.#env.random))
    else if (this.online) this.heartbeat.probe()
  }

  /** Ends for good; online, what was written leaves with a `disconn` (K-60). */
  close() {
    if (this.state === 'closed') return Promise.resolve()
    const session = this.#session
    if (this.online) this.send({ disconn: {} })
    this.#leave()
    this.#finish('asked', {})
    return session?.end() ?? Promise.resolve()
  }

  /** Ends this connection for `reason`; whether another follows depends on it. */
  lose(reason, said = {}) {
    if (this.state === 'closed' || this.state === 'idle') return
    const wasOnline = this.online
    this.#session?.abort()
    this.#leave()
    this.#last = { reason, status: said.status }
    if (wasOnline) {
      const now = this.#env.clock.now()
      if (now - this.#onlineSince >= STEADY_MS) this.#round = 0
      this.#index = 0
      this.#waitingSince = now
      this.state = 'waiting'
      this.#hooks.lost(reason)
      if (this.state !== 'waiting') return
      this.state = 'online'
    }
    if (isFinal(reason, typeof this.#options.credentials === 'function')) this.#finish(reason, said)
    else this.#wait(reason, said, wasOnline)
  }

  #wait(reason, said, wasOnline) {
    const { retryFirst, giveUpAfter = Infinity } = this.#options
    let wait = 0
    if (!wasOnline) this.#index += 1
    if (wasOnline || this.#index >= this.#order.length) {
      if (retryFirst === false && !this.#everOnline) return this.#finish('gave-up', said)
      this.#index = 0
      wait = waitBefore(this.#round, reason, this.#env.random)
      if (!wasOnline) this.#round += 1
    }
    const left = Math.max(0, this.#waitingSince + giveUpAfter - this.#env.clock.now())
    const isLast = left <= wait
    if (isLast) wait = left
    this.#change('waiting', { ...said, reason, wait })
    if (this.state !== 'waiting') return
    if (isLast) this.#after(wait, () => this.#finish('gave-up', said))
    else this.#openAfter(wait)
  }

  /** Opens after a wait, and once the application has dealt with enough of what it got. */
  #openAfter(wait) {
    this.#after(wait, () => this.#hooks.hasRoom() ? this.#open() : this.#openAfter(HINT_MS))
  }

  async #open() {
    const mine = this.#generation += 1
    const address = this.#order[this.#index]
    const why = { attempt: this.attempt, ...this.#last }
    this.attempt += 1
    this.#change('connecting', { address })
    const failed = (error) => {
      if (mine !== this.#generation) return
      this.lose(error instanceof Unauthorized ? 'unauthorized' : 'unreachable', { text: String(error?.message ?? error) })
    }
    const limit = () => this.#after(ATTEMPT_MS, () => this.lose('timeout'))
    if (mine !== this.#generation) return
    limit()
    let { credentials } = this.#options
    if (typeof credentials === 'function') {
      try {
        credentials = await credentials(why)
      } catch (error) {
        return failed(error)
      }
      if (mine !== this.#generation) return
      limit()
    }
    try {
      this.#session = new Session(this.#env.open, address, credentials, this.#events)
    } catch (error) {
      this.#env.clock.set(0, () => failed(error))
    }
  }

  #connected({ ts, resumed }) {
    const id = this.#session?.id
    if (this.id !== undefined && this.id !== id) return this.lose('identity-changed')
    this.id = id
    this.#everOnline = true
    this.#askedAgain = false
    this.#onlineSince = this.#env.clock.now()
    this.#cancelTimer()
    this.heartbeat.start((Number(ts) > 0 ? Number(ts) : DEFAULT_TS) * 1_000)
    this.#change('online', {}, () => this.#hooks.online(isOn(resumed)))
  }

  /** Credentials were refused: a function may have others (K-12). */
  #refused(said) {
    if (typeof this.#options.credentials !== 'function' || this.#askedAgain) return this.lose('unauthorized', said)
    this.#askedAgain = true
    this.#session?.abort()
    this.#leave()
    this.#last = { reason: 'unauthorized', status: 6 }
    this.#open()
  }

  #leave() {
    this.#generation += 1
    this.#session = undefined
    this.heartbeat.stop()
    this.#cancelTimer()
  }

  #finish(reason, said) {
    this.#cancelTimer()
    this.#change('closed', { ...said, reason }, () => this.#hooks.ended(reason))
  }

  /** Changes the state; `first` runs before anybody hears of it. */
  #change(state, about, first) {
    const previous = this.state
    this.state = state
    first?.()
    this.#hooks.state({ state, previous, attempt: this.attempt, ...about })
  }

  #after(wait, act) {
    this.#cancelTimer()
    this.#timer = this.#env.clock.set(wait, act)
  }

  #cancelTimer() {
    if (this.#timer !== undefined) this.#env.clock.clear(this.#timer)
    this.#timer = undefined
  }
}
