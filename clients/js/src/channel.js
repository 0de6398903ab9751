/** A channel: its subscriptions, and the requests for it that the broker has not answered, in order. */

export class Channel {
  /**
   * In the order in which they were made; another array whenever that changes, so that one can be gone through meanwhile.
   * @type {readonly import('./subscription.js').Subscription[]}
   */
  members = []
  asked = []
  leaving = []
  /** Whether the broker ever accepted it, and whether it did so on this connection. */
  made = false
  active = false
  /**
   * Who is to get a retained message now.
   * @type {readonly import('./subscription.js').Subscription[]}
   */
  retainedFor = []
  #clock
  #round = 0
  #timer

  constructor(clock) {
    this.#clock = clock
  }

  /** Those that share the subscription on the wire. */
  get wired() {
    return this.members.filter((it) => !it.listens)
  }

  add(member) {
    this.members = [...this.members, member]
  }

  remove(member) {
    this.members = this.members.filter((it) => it !== member)
    this.retainedFor = this.retainedFor.filter((it) => it !== member)
  }

  /** Those that get a message. */
  takers(retained) {
    return retained ? this.members.filter((it) => it.listens || this.retainedFor.includes(it)) : this.members
  }

  /** The broker accepted what was asked for. */
  accepted(members) {
    this.made = this.active = true
    this.#round = 0
    this.retainedFor = members
  }

  /** Does `act` after the wait that `waitFor` gives for the number of former tries. */
  retry(waitFor, act) {
    this.cancelRetry()
    this.#timer = this.#clock.set(waitFor(this.#round++), act)
  }

  cancelRetry() {
    if (this.#timer !== undefined) this.#clock.clear(this.#timer)
    this.#timer = undefined
  }

  /** Nothing of what was asked will be answered. */
  forsake() {
    this.cancelRetry()
    this.active = false
    this.asked = []
    for (const settle of this.leaving.splice(0)) settle({ st: 1 })
  }
}
