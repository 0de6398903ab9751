/** One connection: the way to a session, its packets, and the server's last words (clauses K-4, K-10 to K-19). */

import { reasonNamed, reasonOfConnAck, reasonOfClose } from './farewell.js'
import { parse } from './packets.js'

/**
 * What `env.open` makes; one that cannot stop reading has no `pause`. It says nothing more once it was left by `abort` or `end`,
 * whatever its connection still brings (K-4).
 * @typedef {{ send(text: string): void, abort(): void, end(): Promise<void>, pause?(): void, resume?(): void }} Transport
 */

export class Session {
  /** @type {string | undefined} */
  id
  /** @type {Transport | undefined} */
  #transport
  #events
  #online = false
  #farewell

  /**
   * @param open makes a transport
   * @param events `heard()`, `online(body)`, `packet(root, body, text)`, `unreadable()`, and one of the ends:
   *   `refused(status, text)` where new credentials may help, `over(reason, said)`
   */
  constructor(open, address, credentials, events) {
    this.#events = events
    this.#transport = open(address, {
      opened: () => this.#greet(credentials),
      heard: events.heard,
      frame: (text) => this.#frame(text),
      closed: (how) => this.#closed(how),
    })
  }

  get canPause() {
    return typeof this.#transport?.pause === 'function'
  }

  send(text) {
    this.#transport?.send(text)
  }

  pause() {
    this.#transport?.pause?.()
  }

  resume() {
    this.#transport?.resume?.()
  }

  /** Leaves the connection as it is. */
  abort() {
    this.#transport?.abort()
    this.#transport = undefined
  }

  /** Leaves it when what was sent is written. */
  end() {
    const transport = this.#transport
    this.#transport = undefined
    return transport?.end()
  }

  #greet(credentials) {
    this.id = credentials.client
    this.send(JSON.stringify('auth' in credentials
      ? { auth: { dt: credentials.auth } }
      : { conn: { at: credentials.token, cl: credentials.client } }))
  }

  #frame(text) {
    const packet = parse(text)
    if (!packet) return this.#events.unreadable()
    const [root, body] = packet
    if (!this.#online) {
      if (root === 'authAck') this.#authenticated(body)
      else if (root === 'connAck') this.#connected(body)
    } else if (root !== 'connAck') this.#events.packet(root, body, text)
    else {
      this.#farewell = body
      if (body.st !== 1) this.#events.over(reasonOfConnAck(body), saidIn(body))
    }
  }

  #authenticated(body) {
    if (body.st !== 1) return this.#refused(body)
    this.id = body.cl
    this.send(JSON.stringify({ conn: { at: body.at, cl: body.cl } }))
  }

  #connected(body) {
    if (body.st !== 1) return this.#refused(body)
    this.#online = true
    this.#events.online(body)
  }

  #refused(body) {
    const said = saidIn(body)
    // A server that is full or stops does not refuse this client: it may have room later (K-19).
    const named = reasonNamed(body.rs, said.text ?? '')
    if (named === 'server-full' || named === 'server-stopping') this.#events.over(named, said)
    else if (body.st === 6) this.#events.refused(said)
    else this.#events.over(body.st === 5 ? 'server-error' : 'refused', said)
  }

  #closed({ code, text, error }) {
    if (!this.#online && code === undefined) return this.#events.over('unreachable', { status: 9, text: error?.message })
    const reason = this.#farewell ? reasonOfConnAck(this.#farewell) : reasonOfClose(code, text)
    this.#events.over(!this.#online && reason === 'lost' ? 'unreachable' : reason, { text: text || error?.message })
  }
}

function saidIn(body) {
  return { status: body.st, text: typeof body.mg === 'string' ? body.mg : undefined }
}
