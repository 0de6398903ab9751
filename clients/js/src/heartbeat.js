/** When to send an `hb`, and when a connection counts as silent (K-8, K-16, K-17, K-34). */

const PROBE_MS = 5_000
/** Packets before the server is heard of again that are no reason to look at the clock more often. */
const SILENCE = 2

export class Heartbeat {
  /** How many `hb` were sent on this connection, and how many of them were answered. */
  sentCount = 0
  answeredCount = 0
  #clock
  #hooks
  #ts = 0
  #lastSent = 0
  #lastHeard = 0
  #timer
  #due = 0
  #probe
  #reads = true
  #isStamped = false

  /** @param hooks `send()`, `silent()`, `late()` */
  constructor(clock, hooks) {
    this.#clock = clock
    this.#hooks = hooks
  }

  /** @param {number} ts the session's timeout in milliseconds */
  start(ts) {
    this.#ts = ts
    this.sentCount = 0
    this.answeredCount = 0
    this.#reads = true
    this.#lastSent = this.#lastHeard = this.#clock.now()
    this.#plan()
  }

  stop() {
    this.#clear()
    if (this.#probe !== undefined) this.#clock.clear(this.#probe)
    this.#probe = undefined
  }

  sent() {
    // Once in a turn: to look at the clock takes longer than the rest of a small publish.
    if (this.#isStamped) return
    this.#isStamped = true
    this.#lastSent = this.#clock.now()
    queueMicrotask(() => { this.#isStamped = false })
  }

  heard() {
    const now = this.#clock.now()
    this.#lastHeard = now
    if (this.#probe !== undefined) {
      this.#clock.clear(this.#probe)
      this.#probe = undefined
    }
    // A hidden page's timers sleep, but frames wake it.
    if (now - this.#lastSent >= this.#ts / 3) this.#beat()
  }

  answered() {
    this.answeredCount += 1
  }

  /** Time in which the client itself does not read is no silence of the server's. */
  reading(does) {
    this.#reads = does
    if (does) this.#lastHeard = this.#clock.now()
  }

  /** Asks whether the connection is still there. */
  probe() {
    this.#beat()
    if (this.#probe === undefined && this.#reads) this.#probe = this.#clock.set(PROBE_MS, () => this.#hooks.silent())
  }

  #beat() {
    this.sentCount += 1
    this.#hooks.send()
  }

  #plan() {
    this.#clear()
    const now = this.#clock.now()
    const silent = this.#reads ? this.#lastHeard + SILENCE * this.#ts : Infinity
    this.#due = Math.min(this.#lastSent + this.#ts / 3, silent)
    this.#timer = this.#clock.set(Math.max(0, this.#due - now), () => this.#tick())
  }

  #tick() {
    this.#timer = undefined
    const now = this.#clock.now()
    if (now - this.#due > this.#ts) {
      // The machine slept: what it missed is no silence, but worth a question.
      this.#lastHeard = now
      this.#hooks.late()
      return this.#plan()
    }
    if (this.#reads && now - this.#lastHeard >= SILENCE * this.#ts) return this.#hooks.silent()
    if (now - this.#lastSent >= this.#ts / 3) this.#beat()
    this.#plan()
  }

  #clear() {
    if (this.#timer !== undefined) this.#clock.clear(this.#timer)
    this.#timer = undefined
  }
}
