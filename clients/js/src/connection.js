/**
 * One connection at a time, and what becomes of it: states, attempts, session, heartbeat (clauses K-1 to K-17).
 *
 * It does no I/O: `env` has the clock, the random numbers, and `open`, which makes a transport.
 */

import { waitBefore, between, shuffled } from './backoff.js'
import { RialtoError, Unauthorized, isFinal } from './errors.js'
import { reasonNamed, reasonOfConnAck, reasonOfClose } from './farewell.js'
import { Heartbeat } from './heartbeat.js'
import { isOn, parse } from './packets.js'

const ATTEMPT_MS = 10_000
const STEADY_MS = 20_000
const HINT_MS = 250
const DEFAULT_TS = 15

/**
 * What `env.open` makes; one that cannot stop reading has no `pause`.
 * @typedef {{ send(text: string): void, abort(): void, end(): Promise<void>, pause?(): void, resume?(): void }} Transport
 */

export class Connection {
  /** @type {import('../index.js').State} */
  state = 'idle'
  /**
   * The client id of the first session; later ones must have it too (K-13).
   * @type {string | undefined}
   */
  id = undefined
  attempt = 0
  #env
  #addresses
  #options
  #hooks
  #order = []
  #index = 0
  #round = 0
  #generation = 0
  /** @type {Transport | null} */
  #transport = null
  #timer = undefined
  #heartbeat
  #onlineSince = 0
  #everOnline = false
  #waitingSince = undefined
  #last = {}
  #askedAgain = false
  #farewell = undefined

  /**
   * @param hooks `state(event)`, `online(resumed)`, `packet(root, body, text)`, `lost(reason)`, `ended(reason)`, `unreadable(text)`,
   *   `hasRoom()`
   */
  constructor(env, addresses, options, hooks) {
    this.#env = env
    this.#addresses = addresses
    this.#options = options
    this.#hooks = hooks
    this.#heartbeat = new Heartbeat(env.clock, {
      send: () => this.send({ hb: {} }),
      silent: () => this.lose('silent'),
      late: () => this.wake(),
    })
  }

  get online() {
    return this.state === 'online'
  }

  get heartbeat() {
    return this.#heartbeat
  }

  /** Begins to connect, from `idle` or `closed`; in other states it already does. */
  connect() {
    if (this.state !== 'idle' && this.state !== 'closed') return
    const { random } = this.#env
    this.#order = this.#options.inOrder ? [...this.#addresses] : shuffled(this.#addresses, random)
    this.#index = 0
    this.#round = 0
    this.attempt = 0
    this.#everOnline = false
    this.#askedAgain = false
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
    this.#transport?.send(text)
    this.#heartbeat.sent()
    return true
  }

  pause() {
    if (!this.#transport?.pause) return
    this.#transport.pause()
    this.#heartbeat.reading(false)
  }

  resume() {
    if (!this.#transport?.resume) return
    this.#transport.resume()
    this.#heartbeat.reading(true)
  }

  get canPause() {
    return typeof this.#transport?.pause === 'function'
  }

  /** A hint that the network or the machine is back (K-8). */
  wake() {
    if (this.state === 'waiting') this.#after(between(0, HINT_MS, this.#env.random), () => this.#openWithRoom())
    else if (this.state === 'online') this.#heartbeat.probe()
  }

  /** Ends for good; online, what was written leaves with a `disconn` (K-60). */
  close(reason = 'asked') {
    if (this.state === 'closed') return Promise.resolve()
    const transport = this.#transport
    if (this.state === 'online') this.send({ disconn: {} })
    this.#abandon()
    this.#finish(reason, {})
    return transport ? transport.end() : Promise.resolve()
  }

  /** Ends this connection for `reason`; whether another follows depends on it. */
  lose(reason, said = {}) {
    if (this.state === 'closed' || this.state === 'idle') return
    const wasOnline = this.state === 'online'
    this.#transport?.abort()
    this.#abandon()
    this.#last = { reason, status: said.status }
    const { clock } = this.#env
    if (wasOnline) {
      if (clock.now() - this.#onlineSince >= STEADY_MS) this.#round = 0
      this.#index = 0
      this.#waitingSince = clock.now()
      this.state = 'waiting'
      this.#hooks.lost(reason)
      if (this.state !== 'waiting') return
      this.state = 'online'
    }
    if (isFinal(reason, typeof this.#options.credentials === 'function')) this.#finish(reason, said)
    else this.#wait(reason, said, wasOnline)
  }

  #wait(reason, said, wasOnline) {
    const { clock, random } = this.#env
    let wait = 0
    if (wasOnline) wait = waitBefore(this.#round, reason, random)
    else {
      this.#index += 1
      if (this.#index >= this.#order.length) {
        if (this.#options.retryFirst === false && !this.#everOnline) return this.#finish('gave-up', said)
        this.#index = 0
        wait = waitBefore(this.#round, reason, random)
        this.#round += 1
      }
    }
    const limit = this.#options.giveUpAfter
    if (limit !== undefined) {
      const left = this.#waitingSince + limit - clock.now()
      if (left <= wait) {
        this.#change('waiting', { ...said, reason, wait: Math.max(0, left) })
        return this.#after(Math.max(0, left), () => this.#finish('gave-up', said))
      }
    }
    this.#change('waiting', { ...said, reason, wait })
    if (this.state === 'waiting') this.#after(wait, () => this.#openWithRoom())
  }

  /** Opens once the application has dealt with enough of what it got. */
  #openWithRoom() {
    if (this.#hooks.hasRoom()) this.#open()
    else this.#after(HINT_MS, () => this.#openWithRoom())
  }

  async #open() {
    this.#generation += 1
    const mine = this.#generation
    const address = this.#order[this.#index]
    const why = { attempt: this.attempt, ...this.#last }
    this.attempt += 1
    this.#change('connecting', { address })
    if (mine !== this.#generation) return
    this.#after(ATTEMPT_MS, () => this.lose('timeout'))
    let credentials = this.#options.credentials
    if (typeof credentials === 'function') {
      try {
        credentials = await credentials(why)
      } catch (error) {
        if (mine !== this.#generation) return
        return this.lose(error instanceof Unauthorized ? 'unauthorized' : 'unreachable', { text: textOf(error) })
      }
      if (mine !== this.#generation) return
      this.#after(ATTEMPT_MS, () => this.lose('timeout'))
    }
    this.#dial(address, credentials, mine)
  }

  #dial(address, credentials, mine) {
    const ifCurrent = (act) => (...given) => {
      if (mine === this.#generation) act(...given)
    }
    try {
      this.#transport = this.#env.open(address, {
        opened: ifCurrent(() => this.#greet(credentials)),
        frame: ifCurrent((text) => this.#frame(text)),
        closed: ifCurrent((how) => this.#closed(how)),
      })
    } catch (error) {
      this.#env.clock.set(0, ifCurrent(() => this.lose('unreachable', { text: textOf(error) })))
    }
  }

  #greet(credentials) {
    const packet = 'auth' in credentials
      ? { auth: { dt: credentials.auth } }
      : { conn: { at: credentials.token, cl: credentials.client } }
    this.#pendingId = credentials.client
    this.#transport?.send(JSON.stringify(packet))
  }

  #pendingId = undefined

  #frame(text) {
    if (this.state === 'online') this.#heartbeat.heard()
    const packet = parse(text)
    if (!packet) return this.#hooks.unreadable(text)
    const [root, body] = packet
    if (this.state === 'online') {
      if (root === 'connAck') this.#farewell = body
      else if (root === 'hbAck') this.#heartbeat.answered()
      if (root === 'connAck' && body.st !== 1) return this.lose(reasonOfConnAck(body), saidIn(body))
      return this.#hooks.packet(root, body, text)
    }
    if (root === 'authAck') this.#authenticated(body)
    else if (root === 'connAck') this.#connected(body)
  }

  #authenticated(body) {
    if (body.st !== 1) return this.#refused(body)
    this.#pendingId = body.cl
    this.#transport?.send(JSON.stringify({ conn: { at: body.at, cl: body.cl } }))
  }

  #connected(body) {
    if (body.st !== 1) return this.#refused(body)
    if (this.id !== undefined && this.id !== this.#pendingId) return this.lose('identity-changed')
    const { clock } = this.#env
    this.id = this.#pendingId
    this.#everOnline = true
    this.#askedAgain = false
    this.#onlineSince = clock.now()
    this.#farewell = undefined
    this.#cancelTimer()
    this.#heartbeat.start((Number(body.ts) > 0 ? Number(body.ts) : DEFAULT_TS) * 1_000)
    this.#change('online', {}, () => this.#hooks.online(isOn(body.resumed)))
  }

  #refused(body) {
    const said = saidIn(body)
    // A server that is full or stops does not refuse this client: it may have room later (K-19).
    const named = reasonNamed(body.rs, said.text ?? '')
    if (named === 'server-full' || named === 'server-stopping') return this.lose(named, said)
    if (body.st === 5) return this.lose('server-error', said)
    if (body.st !== 6) return this.lose('refused', said)
    if (typeof this.#options.credentials !== 'function' || this.#askedAgain) return this.lose('unauthorized', said)
    this.#askedAgain = true
    this.#transport?.abort()
    this.#abandon()
    this.#last = { reason: 'unauthorized', status: 6 }
    this.#open()
  }

  #closed({ code, text, error }) {
    const online = this.state === 'online'
    if (!online && code === undefined) return this.lose('unreachable', { status: 9, text: error?.message })
    const reason = this.#farewell ? reasonOfConnAck(this.#farewell) : reasonOfClose(code, text)
    this.lose(!online && reason === 'lost' ? 'unreachable' : reason, { text: text || error?.message })
  }

  #abandon() {
    this.#generation += 1
    this.#transport = null
    this.#heartbeat.stop()
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

function textOf(error) {
  return String(error?.message ?? error)
}

/** Why calls fail that the end of a client leaves unanswered. */
export function ending(reason) {
  return new RialtoError(`the client is closed: ${reason}`, reason)
}

function saidIn(body) {
  return { status: body.st, text: typeof body.mg === 'string' ? body.mg : undefined }
}
