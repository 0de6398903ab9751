/** One subscription of the application: its inbox, its handler or iterator, its acknowledgements (K-26 to K-36). */

import { RialtoError } from './errors.js'

const FAILURES_MAX = 100

/** A message that one or more subscriptions have; acknowledged when all of them are done with it. */
export class Shared {
  /** @param acknowledge takes whether nobody had it in hand any more */
  constructor(push, bytes, acknowledge) {
    this.push = push
    this.bytes = bytes
    this.open = 0
    this.failed = false
    this.acknowledge = acknowledge
  }

  done() {
    this.open -= 1
    if (this.open === 0 && !this.failed) this.acknowledge?.(false)
  }
}

export class Subscription {
  /** @type {import('../index.js').Subscription['state']} */
  #state = 'pending'
  #owner
  #options
  #handler
  #inbox = []
  #running = 0
  #bytes = 0
  #failures = 0
  #dropped = 0
  #readers = []
  /** @type {{ finish(): void, drop(): void } | undefined} */
  #inHand = undefined
  #ready
  #settleReady
  #idle = []
  /** @type {(() => void) | undefined} */
  #forget = undefined

  /** @param owner what it belongs to: `ended(subscription, how)`, `report`, `limits`, `drained(bytes)` */
  constructor(owner, channel, handler, options = {}) {
    this.channel = channel
    this.persistent = options.persistent === true
    this.listens = options.listens === true
    this.#owner = owner
    this.#handler = handler
    this.#options = options
    this.#ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
    this.#ready.catch(() => {})
    const { signal } = options
    if (signal) {
      const end = () => this.#leave()
      signal.addEventListener('abort', end, { once: true })
      this.#forget = () => signal.removeEventListener('abort', end)
      if (signal.aborted) queueMicrotask(end)
    }
  }

  get state() {
    return this.#state
  }

  get bytes() {
    return this.#bytes
  }

  /** Resolves when it is active, rejects when it is refused. */
  ready() {
    return this.#ready
  }

  async unsubscribe() {
    if (this.#state === 'ended') return
    await this.#owner.unsubscribe(this)
  }

  stop() {
    if (this.#state !== 'ended') this.#owner.stop(this, 'unsubscribed')
  }

  /**
   * @internal Says a change of state; the first `active` settles `ready`.
   * @param {import('../index.js').Subscription['state']} state
   * @param {Partial<import('../index.js').Events['subscription']>} [about]
   */
  become(state, about = {}) {
    if (this.#state === 'ended') return
    this.#state = state
    if (state === 'active') this.#settleReady.resolve()
    if (state === 'ended') this.#end(about)
    this.#owner.report.subscription({ channel: this.channel, state, restored: false, gap: false, ...about })
  }

  /** @internal Takes a message; false if there was no room for one that may be dropped. */
  take(shared) {
    const { count, bytes } = this.#owner.limits
    const full = this.#inbox.length >= count || this.#bytes + shared.bytes > bytes
    if (full && shared.push.q !== 1 && this.#inbox.length > 0) {
      if (this.#dropped === 0) this.#owner.report.slow({ channel: this.channel })
      this.#dropped += 1
      return false
    }
    shared.open += 1
    this.#inbox.push(shared)
    this.#bytes += shared.bytes
    this.#next()
    return true
  }

  /** @internal Whether its inbox is at its bound, and reading should stop. */
  get full() {
    const { count, bytes } = this.#owner.limits
    return this.#inbox.length >= count || this.#bytes >= bytes
  }

  /** @internal Whether more than half of its inbox is taken, and reading should not begin again. */
  get halfFull() {
    const { count, bytes } = this.#owner.limits
    return this.#inbox.length * 2 > count || this.#bytes * 2 > bytes
  }

  /** @internal Resolves when its running handlers have finished. */
  finished() {
    return this.#running === 0 ? Promise.resolve() : new Promise((done) => this.#idle.push(done))
  }

  /** @internal Forgets what was not begun: the broker sends it again, or dropped it. */
  forgetWaiting() {
    for (const shared of this.#inbox.splice(0)) {
      this.#release(shared)
      shared.failed = true
      shared.done()
      this.#owner.failed(shared)
    }
  }

  [Symbol.asyncIterator]() {
    return {
      next: () => this.#pull(),
      /** @returns {Promise<IteratorResult<any>>} */
      return: async () => {
        this.#inHand?.drop()
        this.#inHand = undefined
        this.#leave()
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  #leave() {
    if (this.persistent) this.stop()
    else this.unsubscribe().catch(() => {})
  }

  #pull() {
    const before = this.#inHand
    this.#inHand = undefined
    before?.finish()
    if (this.#inbox.length > 0) return Promise.resolve({ done: false, value: this.#read() })
    if (this.#state === 'ended') return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#readers.push(resolve))
  }

  #read() {
    const { message, acknowledge, drop } = this.#begin(this.#inbox.shift())
    this.#inHand = { finish: () => this.#options.ack !== 'manual' && acknowledge(), drop }
    return message
  }

  #next() {
    if (!this.#handler) {
      if (this.#readers.length > 0 && this.#inbox.length > 0) this.#readers.shift()({ done: false, value: this.#read() })
      return
    }
    const most = this.#options.parallel ?? 1
    while (this.#running < most && this.#inbox.length > 0) {
      this.#running += 1
      this.#handle(this.#inbox.shift())
    }
  }

  async #handle(shared) {
    // No user code runs while a frame is being taken in.
    await undefined
    const { message, acknowledge } = this.#begin(shared)
    try {
      await this.#handler(message)
      if (this.#options.ack !== 'manual') acknowledge()
    } catch (error) {
      shared.failed = true
      shared.done()
      this.#owner.failed(shared)
      this.#owner.report.error({ kind: 'handler', error, message })
      if (shared.push.q === 1) this.#failures += 1
      if (this.#failures >= FAILURES_MAX) this.#owner.stop(this, 'handler-failed')
    }
    this.#running -= 1
    this.#next()
    if (this.#running === 0) for (const done of this.#idle.splice(0)) done()
  }

  #begin(shared) {
    this.#release(shared)
    let acknowledged = false
    let dropped = false
    const acknowledge = () => {
      if (acknowledged) return
      acknowledged = true
      if (dropped) shared.acknowledge?.(true)
      else shared.done()
    }
    // Nobody deals with it: it comes again, unless the application still acknowledges it (K-31).
    const drop = () => {
      if (acknowledged) return
      dropped = true
      shared.failed = true
      shared.done()
      this.#owner.failed(shared)
    }
    if (this.#options.ack === 'received') acknowledge()
    return { message: this.#owner.message(shared.push, acknowledge), acknowledge, drop }
  }

  #release(shared) {
    this.#bytes -= shared.bytes
    this.#owner.drained(shared.bytes)
    if (this.#dropped > 0 && this.#inbox.length === 0) {
      this.#owner.report.slow({ channel: this.channel, dropped: this.#dropped })
      this.#dropped = 0
    }
  }

  /** @param {Partial<import('../index.js').Events['subscription']>} about */
  #end({ reason = 'closed', status, text }) {
    this.#forget?.()
    this.forgetWaiting()
    const error = new RialtoError(text ?? `the subscription to ${this.channel} ended: ${reason}`, reason, { status })
    this.#settleReady.reject(error)
    for (const read of this.#readers.splice(0)) read({ done: true, value: undefined })
  }
}
