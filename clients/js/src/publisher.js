/** What is published and asked, and the answers to it (clauses K-40 to K-50). */

import { RialtoError, offline, refusal } from './errors.js'
import { byteLength } from './packets.js'

const SENT_MAX = 1_000
const QUIET_MAX = 1_000
const ANSWER_MS = 30_000
const REQUEST_MS = 10_000
/** What every publish returns that is done at once. */
const DONE = Promise.resolve()

export class Publisher {
  #env
  #connection
  #limits
  #report
  /** What waits for an answer, by id, in the order of the calls. */
  #kept = new Map()
  /** Kept publishes that have not left on this connection, in order. */
  #queue = []
  #head = 0
  #sentCount = 0
  #bytes = 0
  /** Channels of QoS 0 publishes whose refusal may still come. */
  #quiet = []
  #waiters = []
  #prefix
  #number = 0
  #timer = undefined
  /** @type {import('../index.js').OutboxStore | null} */
  #store = null
  #emptied = []

  /** @param report `publish(event)`, `error(event)` */
  constructor(env, connection, limits, report) {
    this.#env = env
    this.#connection = connection
    this.#limits = { count: 10_000, bytes: 16 * 1_024 * 1_024, full: 'reject', ...limits }
    this.#report = report
    // Ids are never used twice, by a page that takes over a stored outbox either.
    const part = () => Math.floor(env.random() * 2 ** 32).toString(36)
    this.#prefix = `${part()}${part()}-`
  }

  /** Whether a call waits for its answer, so that reading must not stop. */
  get waits() {
    return this.#kept.size > 0
  }

  nextId() {
    this.#number += 1
    return this.#prefix + this.#number.toString(36)
  }

  /** Publishes with QoS 0: done when handed to the transport, never kept (K-42). */
  publishNow(channel, json, retain) {
    const id = this.nextId()
    if (!this.#connection.sendText(frameOf(channel, json, 0, id, retain))) {
      const error = offline(`the publish to ${channel}`)
      this.#report.publish({ id, channel, outcome: 'failed', error })
      return Promise.reject(error)
    }
    // The oldest place is taken: what was sent so long ago is hardly refused any more.
    this.#quiet[this.#number % QUIET_MAX] = { id, channel }
    return DONE
  }

  /** Publishes with QoS 1: kept until it is answered. */
  async publishKept(channel, json, retain, signal) {
    signal?.throwIfAborted()
    const id = this.nextId()
    const frame = frameOf(channel, json, 1, id, retain)
    const bytes = byteLength(frame)
    const admit = () => {
      const answer = this.#keep({ id, channel, frame, bytes, former: false }, signal)
      this.#write((store) => store.put(id, frame))
      return answer
    }
    if (this.#waiters.length > 0 || !this.#fits(bytes)) return this.#whenRoom(channel, bytes, signal, admit)
    return admit()
  }

  /**
   * Asks a control channel; repeated on another connection only if `repeat` says so (K-49).
   * @param {string} channel
   * @param {unknown} dt
   * @param {import('../index.js').RequestOptions} [options]
   */
  request(channel, dt, { timeout = REQUEST_MS, repeat = false, signal } = {}) {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const id = this.nextId()
    const frame = JSON.stringify({ pub: { cn: channel, dt, q: 0, id } })
    if (!repeat && !this.#connection.online) return Promise.reject(offline(`the request to ${channel}`))
    const entry = { id, channel, frame, bytes: byteLength(frame), control: true, repeat, former: false }
    const answer = this.#keep(entry, signal)
    entry.timer = this.#env.clock.set(timeout, () => {
      this.#fail(entry, new RialtoError(`the request to ${channel} was not answered`, 'timeout', { temporary: true }))
    })
    return answer
  }

  /** Takes what a former page left in `store`; its outcomes are events (K-50). */
  restore(store, left) {
    this.#store = store
    const later = [...this.#kept.values()]
    this.#kept.clear()
    for (const [id, frame] of left) {
      const channel = JSON.parse(frame).pub.cn
      const entry = { id, channel, frame, bytes: byteLength(frame), former: true, sent: false, silences: 0 }
      entry.resolve = entry.reject = () => {}
      this.#kept.set(id, entry)
      this.#bytes += entry.bytes
    }
    for (const entry of later) {
      this.#kept.set(entry.id, entry)
      if (!entry.control) this.#write((it) => it.put(entry.id, entry.frame))
    }
    this.#requeue()
    this.pump()
  }

  /** What is unanswered leaves again as it was first sent, before anything new (K-44). */
  online() {
    this.pump()
  }

  lost(reason) {
    this.#stopTimer()
    if (reason === 'too-large') this.#failLargest()
    for (const entry of [...this.#kept.values()]) {
      if (entry.control && !entry.repeat) {
        this.#fail(entry, new RialtoError(`the request to ${entry.channel} lost its connection`, 'lost', { temporary: true }))
      }
    }
    for (const entry of this.#kept.values()) entry.sent = false
    this.#requeue()
  }

  /** Sends what may be sent. */
  pump() {
    while (this.#head < this.#queue.length && this.#sentCount < SENT_MAX) {
      const entry = this.#queue[this.#head]
      if (this.#kept.has(entry.id) && !this.#send(entry)) return
      this.#head += 1
    }
    if (this.#head === this.#queue.length) {
      this.#queue = []
      this.#head = 0
    }
    this.#watch()
  }

  /** Takes a `pubAck`; one that belongs to nothing is ignored (K-41). */
  answered(body) {
    const entry = this.#kept.get(body.id)
    if (!entry) return this.#quietRefusal(body)
    if (body.st === 1) {
      this.#drop(entry)
      if (!entry.control && entry.former) this.#report.publish({ id: entry.id, channel: entry.channel, outcome: 'done' })
      entry.resolve(entry.control ? body.dt : undefined)
    } else {
      const what = entry.control ? 'the request' : 'the publish'
      this.#fail(entry, refusal(`${what} to ${entry.channel}`, body.st, body.mg))
    }
    this.pump()
  }

  /** Resolves when nothing waits for an answer. */
  settled() {
    return this.#kept.size === 0 ? Promise.resolve() : new Promise((done) => this.#emptied.push(done))
  }

  /** Answers all calls with `error`; what is stored stays for the next page (K-62). */
  end(error) {
    this.#stopTimer()
    const store = this.#store
    this.#store = null
    // First those that wait, or they would take the room of the others.
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
    for (const entry of [...this.#kept.values()]) this.#fail(entry, error)
    store?.close().catch((cause) => this.#report.error({ kind: 'store', error: cause }))
  }

  #keep(entry, signal) {
    Object.assign(entry, { sent: false, everSent: false, silences: 0 })
    const answer = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }))
    this.#kept.set(entry.id, entry)
    this.#bytes += entry.bytes
    if (signal) {
      const cancel = () => this.#cancel(entry, signal.reason)
      signal.addEventListener('abort', cancel)
      entry.forget = () => signal.removeEventListener('abort', cancel)
    }
    // A question has no place in the order of publishes, so it does not wait behind them.
    if (entry.control && this.#send(entry)) return answer
    this.#queue.push(entry)
    this.pump()
    return answer
  }

  #send(entry) {
    if (!this.#connection.sendText(entry.frame)) return false
    entry.sent = true
    entry.everSent = true
    entry.at = this.#env.clock.now()
    this.#sentCount += 1
    return true
  }

  /** Withdraws what was not yet sent; otherwise only the waiting ends (K-48). */
  #cancel(entry, reason) {
    if (!entry.everSent) this.#drop(entry)
    entry.reject(reason)
  }

  #fail(entry, error) {
    if (!this.#drop(entry)) return
    entry.reject(error)
    if (entry.control) return
    const outcome = error.reason === 'refused' ? 'refused' : 'failed'
    this.#report.publish({ id: entry.id, channel: entry.channel, outcome, error })
  }

  #drop(entry) {
    if (!this.#kept.delete(entry.id)) return false
    this.#bytes -= entry.bytes
    if (entry.sent) this.#sentCount -= 1
    if (entry.timer !== undefined) this.#env.clock.clear(entry.timer)
    entry.forget?.()
    if (!entry.control) this.#write((store) => store.delete(entry.id))
    while (this.#waiters.length > 0 && this.#fits(this.#waiters[0].bytes)) this.#waiters.shift().admit()
    if (this.#kept.size === 0) for (const done of this.#emptied.splice(0)) done()
    return true
  }

  #requeue() {
    this.#queue = [...this.#kept.values()].filter((entry) => !entry.sent)
    this.#head = 0
    this.#sentCount = this.#kept.size - this.#queue.length
  }

  #quietRefusal(body) {
    const place = this.#quiet.findIndex((sent) => sent?.id === body.id)
    const channel = this.#quiet[place]?.channel
    if (channel === undefined || body.st === 1) return
    this.#quiet[place] = undefined
    const error = refusal(`the publish to ${channel}`, body.st, body.mg)
    const outcome = error.reason === 'refused' ? 'refused' : 'failed'
    this.#report.publish({ id: body.id, channel, outcome, error })
  }

  #fits(bytes) {
    return this.#kept.size < this.#limits.count && this.#bytes + bytes <= this.#limits.bytes
  }

  /** Does at the bound what the application chose; `admit` keeps the publish and returns its answer. */
  #whenRoom(channel, bytes, signal, admit) {
    const full = new RialtoError(`the outbox is full: the publish to ${channel} was not kept`, 'overrun', { temporary: true })
    if (this.#limits.full === 'wait' && bytes <= this.#limits.bytes) {
      return new Promise((resolve, reject) => {
        const cancel = () => {
          this.#waiters = this.#waiters.filter((other) => other !== waiter)
          reject(signal.reason)
        }
        const forget = () => signal?.removeEventListener('abort', cancel)
        const waiter = {
          bytes,
          admit: () => (forget(), resolve(admit())),
          reject: (error) => (forget(), reject(error)),
        }
        this.#waiters.push(waiter)
        signal?.addEventListener('abort', cancel, { once: true })
      })
    }
    if (this.#limits.full === 'drop-oldest') {
      for (const entry of [...this.#kept.values()]) {
        if (this.#fits(bytes)) break
        if (!entry.everSent && !entry.control) this.#fail(entry, full)
      }
      if (this.#fits(bytes)) return admit()
    }
    return Promise.reject(full)
  }

  #failLargest() {
    const sent = [...this.#kept.values()].filter((entry) => entry.sent)
    if (sent.length === 0) return
    const largest = sent.reduce((one, other) => (other.bytes > one.bytes ? other : one))
    this.#fail(largest, new RialtoError(`the publish to ${largest.channel} is too large for the broker`, 'too-large', { status: 10 }))
  }

  /** One timer for the oldest unanswered publish (K-46). */
  #watch() {
    if (this.#timer !== undefined || this.#sentCount === 0) return
    this.#timer = this.#env.clock.set(ANSWER_MS, () => this.#overdue())
  }

  #overdue() {
    this.#timer = undefined
    const oldest = [...this.#kept.values()].find((entry) => entry.sent && !entry.control)
    if (!oldest) return this.#watch()
    const left = oldest.at + ANSWER_MS - this.#env.clock.now()
    if (left > 0) {
      this.#timer = this.#env.clock.set(left, () => this.#overdue())
      return
    }
    oldest.silences += 1
    if (oldest.silences > 1) {
      this.#fail(oldest, new RialtoError(`the publish to ${oldest.channel} was not answered twice`, 'timeout', { temporary: true }))
    }
    this.#connection.lose('no-ack')
  }

  #stopTimer() {
    if (this.#timer !== undefined) this.#env.clock.clear(this.#timer)
    this.#timer = undefined
  }

  #write(act) {
    if (!this.#store) return
    act(this.#store).catch((error) => this.#report.error({ kind: 'store', error }))
  }
}

/** The frame of a publish, whose data are JSON already. */
function frameOf(channel, json, qos, id, retain) {
  const flags = (qos === 1 ? '"q":1,' : '') + (retain ? '"rt":1,' : '')
  return `{"pub":{"cn":${JSON.stringify(channel)},"dt":${json},${flags}"id":"${id}"}}`
}
