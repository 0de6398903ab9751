/** The client that applications see: joins connection, publisher and subscriptions. */

import { Connection, ending } from './connection.js'
import { RialtoError } from './errors.js'
import { byteLength } from './packets.js'
import { Publisher } from './publisher.js'
import { Subscriptions } from './subscriptions.js'

const DRAIN_MS = 10_000

export class Client {
  #env
  #options
  #connection
  #publisher
  #subscriptions
  #listeners = new Map()
  #draining = false
  /** @type {(() => void) | undefined} */
  #hints = undefined
  #readers = []
  #closing = Promise.resolve()
  #abort = () => this.close()

  /** @internal Applications call `connect`. */
  constructor(env, addresses, options) {
    this.#env = env
    this.#options = options
    this.#connection = new Connection(env, addresses, options, {
      state: (event) => this.#stateChanged(event),
      online: (resumed) => {
        this.#subscriptions.online(resumed)
        this.#publisher.online()
      },
      packet: (root, body, text) => this.#packet(root, body, text),
      lost: (reason) => {
        this.#subscriptions.lost()
        this.#publisher.lost(reason)
      },
      hasRoom: () => this.#subscriptions.hasRoom,
      ended: (reason) => this.#ended(reason),
      unreadable: () => this.#emit('error', { kind: 'frame', error: new RialtoError('a frame is no packet', 'lost') }),
    })
    const { store, ...limits } = options.outbox ?? {}
    this.#publisher = new Publisher(env, this.#connection, limits, {
      publish: (event) => this.#emit('publish', event),
      error: (event) => this.#emit('error', event),
    })
    this.#subscriptions = new Subscriptions(env, this.#connection, this.#publisher, options, {
      subscription: (event) => this.#emit('subscription', event),
      slow: (event) => this.#emit('slow', event),
      error: (event) => this.#emit('error', event),
    })
    // Not yet, so that listeners hear of the first attempt too.
    if (!options.signal?.aborted) queueMicrotask(() => this.#connection.state === 'idle' && !options.signal?.aborted && this.#begin())
  }

  get state() {
    const { state } = this.#connection
    return this.#draining && state !== 'closed' ? 'draining' : state
  }

  get id() {
    return this.#connection.id
  }

  /** @param {{ signal?: AbortSignal }} [options] */
  ready({ signal } = {}) {
    if (this.#connection.online) return Promise.resolve()
    if (this.state === 'closed') return quiet(Promise.reject(ending('asked')))
    return quiet(new Promise((resolve, reject) => {
      const reader = { resolve, reject }
      this.#readers.push(reader)
      signal?.addEventListener('abort', () => {
        this.#readers = this.#readers.filter((other) => other !== reader)
        reject(signal.reason)
      }, { once: true })
    }))
  }

  /**
   * @param {string} channel
   * @param {unknown} data
   * @param {import('../index.js').PublishOptions} [options]
   */
  publish(channel, data, { qos = 0, retain = false, signal } = {}) {
    const refused = this.#refusal()
    if (refused) return refused
    let json
    try {
      json = this.#encode(data)
    } catch (error) {
      return quiet(Promise.reject(error))
    }
    return quiet(qos === 1
      ? this.#publisher.publishKept(channel, json, retain, signal)
      : this.#publisher.publishNow(channel, json, retain))
  }

  send(client, data, options) {
    return this.publish(`#${client}`, data, options)
  }

  request(control, data = {}, options = {}) {
    return this.#refusal() ?? quiet(this.#publisher.request(control, data, options))
  }

  subscribe(channel, handler, options) {
    const given = typeof handler === 'function' ? [handler, options] : [undefined, handler]
    return this.#subscribe(channel, given[0], { ...given[1], listens: false })
  }

  listen(channel, handler, options = {}) {
    return this.#subscribe(channel, handler, { ...options, listens: true })
  }

  direct(handler) {
    // Without an id yet it is listened to under the bare sign, until the first session brings one.
    return this.listen(`#${this.id ?? ''}`, handler)
  }

  on(event, listener) {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  wake() {
    this.#connection.wake()
  }

  connect() {
    if (this.#connection.state !== 'idle' && this.#connection.state !== 'closed') return
    this.#draining = false
    this.#begin()
  }

  #begin() {
    this.#options.signal?.addEventListener('abort', this.#abort)
    this.#hints ??= this.#env.hints?.(() => this.wake())
    this.#openStore()
    this.#connection.connect()
  }

  async drain({ timeout = DRAIN_MS } = {}) {
    if (this.state === 'closed' || this.#draining) return this.#closing
    const previous = this.state
    this.#draining = true
    this.#emit('state', { state: 'draining', previous, attempt: this.#connection.attempt })
    let timer
    const limit = new Promise((resolve) => {
      timer = this.#env.clock.set(timeout, resolve)
    })
    await Promise.race([limit, Promise.all([this.#subscriptions.drain(), this.#publisher.settled()])])
    this.#env.clock.clear(timer)
    return this.close()
  }

  close() {
    if (this.state !== 'closed') this.#closing = this.#connection.close('asked')
    return this.#closing
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.drain()
  }

  #subscribe(channel, handler, options) {
    if (this.#draining || this.state === 'closed') throw ending('asked')
    return this.#subscriptions.add(channel, handler, options)
  }

  #refusal() {
    if (this.state === 'closed' || this.#draining) return quiet(Promise.reject(ending('asked')))
    return undefined
  }

  #encode(data) {
    const text = JSON.stringify(this.#options.codec ? this.#options.codec.encode(data) : data)
    if (text === undefined) throw new TypeError('the data cannot be written as JSON')
    return text
  }

  #packet(root, body, text) {
    if (root === 'push') this.#subscriptions.push(body, byteLength(text))
    else if (root === 'pubAck') this.#publisher.answered(body)
    else if (root === 'subAck') this.#subscriptions.subscribed(body)
    else if (root === 'unsubAck') this.#subscriptions.unsubscribed(body)
  }

  #stateChanged(event) {
    if (event.state === 'online') for (const reader of this.#readers.splice(0)) reader.resolve()
    // While it drains it is nothing else, whatever its connections do (K-1).
    if (!this.#draining) this.#emit('state', event)
    else if (event.state === 'closed') this.#emit('state', { ...event, previous: 'draining' })
  }

  #ended(reason) {
    const error = ending(reason)
    this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#hints?.()
    this.#hints = undefined
    for (const reader of this.#readers.splice(0)) reader.reject(error)
    // Subscriptions outlive a takeover: the application may connect again.
    if (reason === 'taken-over') this.#subscriptions.lost()
    else this.#subscriptions.end('closed')
    this.#publisher.end(error)
  }

  async #openStore() {
    const store = this.#options.outbox?.store
    if (!store) return
    const { credentials } = this.#options
    const name = `${[this.#env.address]}#${credentials.client ?? JSON.stringify(credentials.auth ?? '')}`
    try {
      const left = await store.open(name)
      if (left === null) {
        throw new RialtoError('the stored outbox has another holder: publishes are kept in memory', 'refused')
      }
      if (this.state === 'closed') return await store.close()
      this.#publisher.restore(store, left)
      this.#emit('outbox', { restored: left.length })
    } catch (error) {
      this.#emit('error', { kind: 'store', error })
    }
  }

  #emit(name, event) {
    const listeners = this.#listeners.get(name)
    if (name === 'error' && !listeners?.size) return console.error('rialto-client:', event.kind, event.error)
    for (const listener of listeners ?? []) {
      try {
        listener(event)
      } catch (error) {
        if (name !== 'error') this.#emit('error', { kind: 'listener', error })
        else console.error('rialto-client: a listener failed:', error)
      }
    }
  }
}

const nothing = () => {}

/** No promise that the application leaves alone becomes an unhandled rejection (K-63). */
function quiet(promise) {
  promise.catch(nothing)
  return promise
}
