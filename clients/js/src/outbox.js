/** What waits for the broker's answer: its order, its bounds, its outcome (clauses K-41 to K-50). */

import { nothing, onAbort } from './calls.js'
import { RialtoError, refusal, temporary } from './errors.js'
import { byteLength } from './packets.js'

const SENT_MAX = 1_000
const ANSWER_MS = 30_000

/** One publish or request. */
class Kept {
  isSent = false
  /** Whether it was ever sent, on this connection or a former one. */
  everSent = false
  silences = 0
  at = 0
  resolve = nothing
  reject = nothing
  forget = nothing

  /** @param {{ id: string, channel: string, frame: string, control?: boolean, repeat?: boolean, former?: boolean }} about */
  constructor({ id, channel, frame, control = false, repeat = false, former = false }) {
    this.id = id
    this.channel = channel
    this.frame = frame
    this.bytes = byteLength(frame)
    this.control = control
    this.repeat = repeat
    /** Whether a former page kept it, so that nobody waits for its outcome. */
    this.former = former
  }

  get name() {
    return `the ${this.control ? 'request' : 'publish'} to ${this.channel}`
  }
}

export class Outbox {
  #clock
  #connection
  #limits
  #report
  /** What is kept, by id, in the order of the calls. */
  #kept = new Map()
  /** What has not left on this connection, in order; what stands before `head` has. */
  #queue = []
  #head = 0
  #sentCount = 0
  #bytes = 0
  #waiters = []
  #timer
  /** @type {import('../index.js').OutboxStore | null} */
  #store = null
  #emptied = []

  /** @param report `publish(event)`, `error(event)` */
  constructor(clock, connection, limits, report) {
    this.#clock = clock
    this.#connection = connection
    this.#limits = { count: 10_000, bytes: 16 * 1_024 * 1_024, full: 'reject', ...limits }
    this.#report = report
  }

  get isEmpty() {
    return this.#kept.size === 0
  }

  /** Keeps a publish; at the bound it does what the application chose (K-43). */
  add(about, signal) {
    const entry = new Kept(about)
    if (signal?.aborted) return Promise.reject(signal.reason)
    const hasRoom = this.#waiters.length === 0 && this.#fits(entry)
    return hasRoom ? this.#admit(entry, signal) : this.#whenRoom(entry, signal)
  }

  /** Keeps a request, which has no place in the order of publishes and does not wait behind them (K-49). */
  ask(about, timeout, signal) {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const entry = new Kept({ ...about, control: true })
    const answer = this.#keep(entry, signal, this.#send(entry))
    const timer = this.#clock.set(timeout, () => this.#fail(entry, temporary(`${entry.name} was not answered`, 'timeout')))
    const { forget } = entry
    entry.forget = () => {
      forget()
      this.#clock.clear(timer)
    }
    return answer
  }

  /** Takes an answer; false if it belongs to nothing that is kept. */
  answered({ id, st, dt, mg }) {
    const entry = this.#kept.get(id)
    if (!entry) return false
    if (st === 1) {
      this.#drop(entry)
      if (entry.former) this.#report.publish({ id, channel: entry.channel, outcome: 'done' })
      entry.resolve(entry.control ? dt : undefined)
    } else this.#fail(entry, refusal(entry.name, st, mg))
    this.pump()
    return true
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
    if (this.#timer === undefined && this.#sentCount > 0) this.#watch(ANSWER_MS)
  }

  /** What is unanswered will leave again as it was first sent, before anything new (K-44). */
  lost(reason) {
    this.#stopTimer()
    const sent = [...this.#kept.values()].filter((it) => it.isSent)
    if (reason === 'too-large' && sent.length > 0) {
      const largest = sent.reduce((one, other) => (other.bytes > one.bytes ? other : one))
      this.#fail(largest, new RialtoError(`${largest.name} is too large for the broker`, reason, { status: 10 }))
    }
    this.#sentCount = 0
    for (const entry of [...this.#kept.values()]) {
      entry.isSent = false
      if (entry.control && !entry.repeat) this.#fail(entry, temporary(`${entry.name} lost its connection`, 'lost'))
    }
    this.#requeue()
  }

  /** Resolves when nothing waits for an answer. */
  settled() {
    return this.isEmpty ? Promise.resolve() : new Promise((done) => this.#emptied.push(done))
  }

  /** Answers all calls with `error`; what is stored stays for the next page (K-62). */
  end(error) {
    this.#stopTimer()
    const store = this.#store
    this.#store = null
    // First those that wait, or they would take the room of the others.
    for (const { forget, reject } of this.#waiters.splice(0)) {
      forget()
      reject(error)
    }
    for (const entry of [...this.#kept.values()]) this.#fail(entry, error)
    store?.close().catch((cause) => this.#report.error({ kind: 'store', error: cause }))
  }

  /** Takes what a former page left in `store`; its outcomes are events (K-50). */
  restore(store, left) {
    this.#store = store
    const later = [...this.#kept]
    this.#kept.clear()
    for (const [id, frame] of left) {
      const entry = new Kept({ id, channel: JSON.parse(frame).pub.cn, frame, former: true })
      this.#kept.set(id, entry)
      this.#bytes += entry.bytes
    }
    for (const [id, entry] of later) {
      this.#kept.set(id, entry)
      if (!entry.control) this.#write((it) => it.put(id, entry.frame))
    }
    this.#requeue()
    this.pump()
  }

  #admit(entry, signal) {
    const answer = this.#keep(entry, signal, false)
    this.#write((store) => store.put(entry.id, entry.frame))
    return answer
  }

  #keep(entry, signal, isGone) {
    this.#kept.set(entry.id, entry)
    this.#bytes += entry.bytes
    // Withdraws what was not yet sent; otherwise only the waiting ends (K-48).
    entry.forget = onAbort(signal, (reason) => {
      if (!entry.everSent) this.#drop(entry)
      entry.reject(reason)
    })
    const answer = new Promise((resolve, reject) => {
      entry.resolve = resolve
      entry.reject = reject
    })
    if (!isGone) this.#queue.push(entry)
    this.pump()
    return answer
  }

  #send(entry) {
    if (!this.#connection.sendText(entry.frame)) return false
    entry.isSent = entry.everSent = true
    entry.at = this.#clock.now()
    this.#sentCount += 1
    return true
  }

  #fail(entry, error) {
    if (!this.#drop(entry)) return
    entry.reject(error)
    if (!entry.control) this.#report.publish(failure(entry.id, entry.channel, error))
  }

  #drop(entry) {
    if (!this.#kept.delete(entry.id)) return false
    this.#bytes -= entry.bytes
    if (entry.isSent) this.#sentCount -= 1
    entry.forget()
    if (!entry.control) this.#write((store) => store.delete(entry.id))
    while (this.#waiters.length > 0 && this.#fits(this.#waiters[0].entry)) {
      const waiter = this.#waiters.shift()
      waiter.forget()
      waiter.resolve(this.#admit(waiter.entry, waiter.signal))
    }
    if (this.isEmpty) for (const done of this.#emptied.splice(0)) done()
    return true
  }

  #requeue() {
    this.#queue = [...this.#kept.values()].filter((it) => !it.isSent)
    this.#head = 0
    this.#sentCount = this.#kept.size - this.#queue.length
  }

  #fits({ bytes }) {
    return this.#kept.size < this.#limits.count && this.#bytes + bytes <= this.#limits.bytes
  }

  #whenRoom(entry, signal) {
    const { full, bytes } = this.#limits
    if (full === 'wait' && entry.bytes <= bytes) {
      return new Promise((resolve, reject) => {
        const forget = onAbort(signal, (reason) => {
          this.#waiters = this.#waiters.filter((it) => it !== waiter)
          reject(reason)
        })
        const waiter = { entry, signal, resolve, reject, forget }
        this.#waiters.push(waiter)
      })
    }
    const error = temporary(`the outbox is full: ${entry.name} was not kept`, 'overrun')
    if (full === 'drop-oldest') {
      for (const oldest of [...this.#kept.values()]) {
        if (this.#fits(entry)) break
        if (!oldest.everSent && !oldest.control) this.#fail(oldest, error)
      }
      if (this.#fits(entry)) return this.#admit(entry, signal)
    }
    return Promise.reject(error)
  }

  /** One timer for the oldest unanswered publish (K-46). */
  #watch(wait) {
    this.#timer = this.#clock.set(wait, () => this.#overdue())
  }

  #overdue() {
    this.#timer = undefined
    const oldest = [...this.#kept.values()].find((it) => it.isSent && !it.control)
    if (!oldest) return this.pump()
    const left = oldest.at + ANSWER_MS - this.#clock.now()
    if (left > 0) return this.#watch(left)
    oldest.silences += 1
    if (oldest.silences > 1) this.#fail(oldest, temporary(`${oldest.name} was not answered twice`, 'timeout'))
    this.#connection.lose('no-ack')
  }

  #stopTimer() {
    if (this.#timer !== undefined) this.#clock.clear(this.#timer)
    this.#timer = undefined
  }

  #write(act) {
    if (this.#store) act(this.#store).catch((error) => this.#report.error({ kind: 'store', error }))
  }
}

/** The event of a publish that was refused or failed. */
export function failure(id, channel, error) {
  return { id, channel, outcome: error.reason === 'refused' ? 'refused' : 'failed', error }
}
