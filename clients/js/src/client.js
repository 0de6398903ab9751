/** The client that applications see: joins connection, publisher and subscriptions. */

import { failed, onAbort, nothing, quiet } from './calls.js'
import { Connection } from './connection.js'
import { RialtoError, ending } from './errors.js'
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
  /** @type {(isOpen?: boolean) => void} */
  #stopDraining = nothing
  #readers = []
  #closing = Promise.resolve()
  #stopHints = nothing
  #forgetSignal = nothing

  /** @internal Applications call `connect`. */
  constructor(env, addresses, options) {
    this.#env = env
    this.#options = options
    const report = Object.fromEntries(['publish', 'subscription', 'slow', 'error'].map(
      (name) => [name, (event) => this.#emit(name, event)]))
    this.#connection = new Connection(env, addresses, options, {
      state: (event) => this.#stateChanged(event),
      online: (resumed) => {
        this.#subscriptions.online(resumed)
        this.#publisher.outbox.pump()
      },
      packet: (root, body, text) => this.#packet(root, body, text),
      lost: (reason) => {
        this.#subscriptions.lost()
        this.#publisher.outbox.lost(reason)
      },
      hasRoom: () => this.#subscriptions.hasRoom,
      ended: (reason) => this.#ended(reason),
      unreadable: () => report.error({ kind: 'frame', error: new RialtoError('a frame is no packet', 'lost') }),
    })
    const { store, ...limits } = options.outbox ?? {}
    this.#publisher = new Publisher(env, this.#connection, limits, report)
    this.#subscriptions = new Subscriptions(env, this.#connection, this.#publisher, options, report)
    // Not yet, so that listeners hear of the first attempt too.
    queueMicrotask(() => this.#connection.state === 'idle' && !options.signal?.aborted && this.#begin())
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
    if (this.state === 'closed') return failed(ending('asked'))
    return quiet(new Promise((resolve, reject) => {
      const reader = { resolve, reject }
      this.#readers.push(reader)
      onAbort(signal, (reason) => {
        this.#readers = this.#readers.filter((other) => other !== reader)
        reject(reason)
      })
    }))
  }

  /**
   * @param {string} channel
   * @param {unknown} data
   * @param {import('../index.js').PublishOptions} [options]
   */
  publish(channel, data, options = {}) {
    if (this.#isEnding) return failed(ending('asked'))
    const { codec } = this.#options
    try {
      const json = JSON.stringify(codec ? codec.encode(data) : data)
      if (json === undefined) throw new TypeError('the data cannot be written as JSON')
      return this.#publisher.publish(channel, json, options)
    } catch (error) {
      return failed(error)
    }
  }

  send(client, data, options) {
    return this.publish(`#${client}`, data, options)
  }

  request(control, data = {}, options = {}) {
    return this.#isEnding ? failed(ending('asked')) : this.#publisher.request(control, data, options)
  }

  subscribe(channel, handler, options) {
    return typeof handler === 'function'
      ? this.#subscribe(channel, handler, options, false) : this.#subscribe(channel, undefined, handler, false)
  }

  listen(channel, handler, options) {
    return this.#subscribe(channel, handler, options, true)
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
    const { state } = this.#connection
    if (state !== 'idle' && state !== 'closed') return
    this.#draining = this.#subscriptions.refusesPushes = false
    this.#begin()
  }

  #begin() {
    this.#forgetSignal = onAbort(this.#options.signal, () => this.close())
    this.#stopHints = this.#env.hints?.(() => this.wake()) ?? nothing
    this.#openStore()
    this.#connection.connect()
  }

  async drain({ timeout = DRAIN_MS } = {}) {
    if (this.#isEnding) return this.#closing
    const previous = this.state
    this.#draining = true
    this.#emit('state', { state: 'draining', previous, attempt: this.#connection.attempt })
    const { clock } = this.#env
    let timer
    // What ends the client meanwhile ends this too: the application may connect again before the last handler returns.
    const isOpen = await new Promise((resolve) => {
      this.#stopDraining = resolve
      timer = clock.set(timeout, () => resolve(true))
      Promise.all([this.#subscriptions.drain(), this.#publisher.outbox.settled()]).then(() => resolve(true))
    })
    clock.clear(timer)
    return isOpen ? this.close() : this.#closing
  }

  close() {
    if (this.state !== 'closed') this.#closing = this.#connection.close()
    return this.#closing
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.drain()
  }

  get #isEnding() {
    return this.#draining || this.state === 'closed'
  }

  #subscribe(channel, handler, options, listens) {
    if (this.#isEnding) throw ending('asked')
    return this.#subscriptions.add(channel, handler, { ...options, listens })
  }

  #packet(root, body, text) {
    if (root === 'push') this.#subscriptions.push(body, text)
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
    this.#stopDraining()
    this.#forgetSignal()
    this.#stopHints()
    for (const reader of this.#readers.splice(0)) reader.reject(error)
    // Subscriptions outlive a takeover: the application may connect again.
    if (reason === 'taken-over') this.#subscriptions.lost()
    else this.#subscriptions.end('closed')
    this.#publisher.outbox.end(error)
  }

  async #openStore() {
    const { outbox, credentials } = this.#options
    const store = outbox?.store
    if (!store) return
    try {
      const left = await store.open(`${this.#env.address}#${credentials.client ?? JSON.stringify(credentials.auth ?? '')}`)
      if (!left) throw new RialtoError('the stored outbox has another holder: publishes are kept in memory', 'refused')
      if (this.state === 'closed') return await store.close()
      this.#publisher.outbox.restore(store, left)
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
