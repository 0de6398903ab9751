/** One subscription of the application: its inbox, its handler or iterator (clauses K-26 to K-36). */

import { nothing, onAbort, quiet } from './calls.js'
import { InHand } from './delivery.js'
import { RialtoError } from './errors.js'

const FAILURES_MAX = 100

export class Subscription {
  /** @type {import('../index.js').Subscription['state']} */
  #state = 'pending'
  #owner
  #options
  #handler
  #inbox = []
  #bytes = 0
  /** What has a place with the handler, and is not given to it yet. */
  #begun = []
  #isPlanned = false
  #running = 0
  #failures = 0
  #dropped = 0
  #readers = []
  /** @type {InHand | undefined} What the iterator gave last. */
  #inHand
  #ready
  #settleReady
  #idle = []
  #forget = nothing
  #run = () => {
    for (let delivery = this.#begun.shift(); delivery; delivery = this.#begun.shift()) this.#handle(delivery)
    this.#isPlanned = false
  }

  /** @param owner what it belongs to: `unsubscribe`, `stop`, `report`, `limits`, `drained(bytes)`, `message(delivery, ack)` */
  constructor(owner, channel, handler, options = {}) {
    this.channel = channel
    this.persistent = options.persistent === true
    this.listens = options.listens === true
    this.#owner = owner
    this.#handler = handler
    this.#options = options
    this.#ready = quiet(new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    }))
    const { signal } = options
    this.#forget = onAbort(signal, () => this.#leave())
    if (signal?.aborted) queueMicrotask(() => this.#leave())
  }

  get state() {
    return this.#state
  }

  /** Resolves when it is active, rejects when it is refused. */
  ready() {
    return this.#ready
  }

  async unsubscribe() {
    if (this.#state !== 'ended') await this.#owner.unsubscribe(this)
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
  take(delivery) {
    const { count, bytes } = this.#owner.limits
    const full = this.#inbox.length >= count || this.#bytes + delivery.bytes > bytes
    if (full && delivery.qos !== 1 && this.#inbox.length > 0) {
      if (this.#dropped === 0) this.#owner.report.slow({ channel: this.channel })
      this.#dropped += 1
      return false
    }
    delivery.open += 1
    this.#inbox.push(delivery)
    this.#bytes += delivery.bytes
    this.#next()
    return true
  }

  /** @internal How much of its inbox is taken; from 1 on, reading should stop. */
  get filled() {
    const { count, bytes } = this.#owner.limits
    return Math.max(this.#inbox.length / count, this.#bytes / bytes)
  }

  /** @internal Resolves when its running handlers have finished. */
  finished() {
    return this.#running === 0 ? Promise.resolve() : new Promise((done) => this.#idle.push(done))
  }

  /** @internal Forgets what was not begun: the broker sends it again, or dropped it. */
  forgetWaiting() {
    for (const delivery of this.#inbox.splice(0)) {
      this.#release(delivery)
      delivery.spoil()
    }
  }

  [Symbol.asyncIterator]() {
    return {
      next: () => this.#pull(),
      /** @returns {Promise<IteratorResult<any>>} */
      return: async () => {
        this.#inHand?.spoil()
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
    else quiet(this.unsubscribe())
  }

  #pull() {
    this.#handled(this.#inHand)
    this.#inHand = undefined
    if (this.#inbox.length > 0) return Promise.resolve({ done: false, value: this.#read() })
    if (this.#state === 'ended') return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#readers.push(resolve))
  }

  #read() {
    const delivery = this.#inbox.shift()
    this.#inHand = new InHand(delivery)
    return this.#give(delivery, this.#inHand)
  }

  #next() {
    if (!this.#handler) {
      if (this.#readers.length > 0 && this.#inbox.length > 0) this.#readers.shift()({ done: false, value: this.#read() })
      return
    }
    const most = this.#options.parallel ?? 1
    while (this.#running < most && this.#inbox.length > 0) {
      this.#running += 1
      this.#begun.push(this.#inbox.shift())
    }
    // No user code runs while a frame is being taken in; what then waits is handled in one go.
    if (this.#isPlanned || this.#begun.length === 0) return
    this.#isPlanned = true
    queueMicrotask(this.#run)
  }

  #handle(delivery) {
    const inHand = new InHand(delivery)
    const message = this.#give(delivery, inHand)
    const failed = (error) => {
      if (delivery.qos === 1 && !inHand.isOver) this.#failures += 1
      inHand.spoil()
      this.#owner.report.error({ kind: 'handler', error, message })
      if (this.#failures >= FAILURES_MAX) this.#owner.stop(this, 'handler-failed')
      this.#finish()
    }
    const done = () => {
      this.#handled(inHand)
      this.#finish()
    }
    try {
      const result = this.#handler(message)
      // Only what has to be waited for costs a turn of its own.
      if (typeof result?.then === 'function') return void Promise.resolve(result).then(done, failed)
    } catch (error) {
      return failed(error)
    }
    done()
  }

  #handled(inHand) {
    if (this.#options.ack !== 'manual') inHand?.acknowledge()
  }

  #finish() {
    this.#running -= 1
    this.#next()
    if (this.#running === 0) for (const done of this.#idle.splice(0)) done()
  }

  #give(delivery, inHand) {
    this.#release(delivery)
    if (this.#options.ack === 'received') inHand.acknowledge()
    return this.#owner.message(delivery, () => inHand.acknowledge())
  }

  #release({ bytes }) {
    this.#bytes -= bytes
    this.#owner.drained(bytes)
    if (this.#dropped > 0 && this.#inbox.length === 0) {
      this.#owner.report.slow({ channel: this.channel, dropped: this.#dropped })
      this.#dropped = 0
    }
  }

  /** @param {Partial<import('../index.js').Events['subscription']>} about */
  #end({ reason = 'closed', status, text }) {
    this.#forget()
    this.forgetWaiting()
    const error = new RialtoError(text ?? `the subscription to ${this.channel} ended: ${reason}`, reason, { status })
    this.#settleReady.reject(error)
    for (const read of this.#readers.splice(0)) read({ done: true, value: undefined })
  }
}
