/** Which pushes are in hand, and which acknowledgements the server surely has (clauses K-33, K-34). */

const REMEMBERED_MAX = 10_000

export class Acknowledger {
  /** Grows with each connection on which ids of non-persistent subscriptions mean other messages. */
  epoch = 0
  #connection
  /** By id: whether it is in hand, and how many `hb` had been sent when it was acknowledged. */
  #known = new Map()
  #unsent = new Map()

  constructor(connection) {
    this.#connection = connection
  }

  /** Says whether a push is new; one already dealt with is acknowledged again. */
  isNew(id, lasting) {
    this.#settle()
    const known = this.#known.get(id)
    if (!known) this.#known.set(id, { hand: true, lasting, at: 0 })
    else if (!known.hand) this.#send(id, known)
    return !known
  }

  acknowledge(id) {
    const known = this.#known.get(id)
    if (!known?.hand) return
    known.hand = false
    this.#send(id, known)
    if (this.#known.size <= REMEMBERED_MAX) return
    for (const [oldest, { hand }] of this.#known) if (!hand) return void this.#known.delete(oldest)
  }

  /** Acknowledges what was released; nothing if its id may be another message's by now. */
  acknowledgeReleased({ push: { id }, lasting, epoch }) {
    if (this.#known.has(id) || (!lasting && epoch !== this.epoch)) return
    const known = { hand: false, lasting, at: 0 }
    this.#known.set(id, known)
    this.#send(id, known)
  }

  /** The message is not in hand any more, and comes again with the next connection. */
  release(id) {
    if (this.#known.get(id)?.hand) this.#known.delete(id)
  }

  /**
   * Acknowledgements made offline leave first. Unless the session was resumed, the broker dropped what
   * non-persistent subscriptions had, and may use the ids again.
   */
  online(resumed) {
    if (!resumed) {
      this.epoch += 1
      for (const [id, { lasting }] of this.#known) {
        if (lasting) continue
        this.#known.delete(id)
        this.#unsent.delete(id)
      }
    }
    const unsent = [...this.#unsent]
    this.#unsent.clear()
    for (const [id, known] of unsent) this.#send(id, known)
  }

  lost() {
    for (const [id, known] of this.#known) if (!known.hand) this.#unsent.set(id, known)
  }

  #send(id, known) {
    known.at = this.#connection.heartbeat.sentCount
    if (!this.#connection.send({ pushAck: { id } })) this.#unsent.set(id, known)
  }

  #settle() {
    const { answeredCount } = this.#connection.heartbeat
    for (const [id, { hand, at }] of this.#known) {
      if (hand || at >= answeredCount || this.#unsent.has(id)) return
      this.#known.delete(id)
    }
  }
}
