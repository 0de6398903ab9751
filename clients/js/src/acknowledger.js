/** Which pushes are in hand, and which acknowledgements the server surely has (clauses K-33, K-34). */

const REMEMBERED_MAX = 10_000

export class Acknowledger {
  /** Grows with each connection on which ids of non-persistent subscriptions mean other messages. */
  connection = 0
  #connection
  /** By id: `hand`, or how many `hb` had been sent when it was acknowledged. */
  #known = new Map()
  #unsent = new Map()

  constructor(connection) {
    this.#connection = connection
  }

  /** Says whether a push is new; one already dealt with is acknowledged again. */
  isNew(id, persistent) {
    this.#settle()
    const known = this.#known.get(id)
    if (known === undefined) {
      this.#known.set(id, { hand: true, persistent, at: 0 })
      return true
    }
    if (!known.hand) this.#send(id, known)
    return false
  }

  acknowledge(id) {
    const known = this.#known.get(id)
    if (!known || !known.hand) return
    known.hand = false
    this.#send(id, known)
    if (this.#known.size > REMEMBERED_MAX) this.#forgetOldest()
  }

  /** Acknowledges what was released on a connection of that number; nothing if its id may be another message's by now. */
  acknowledgeReleased(id, persistent, connection) {
    if (this.#known.has(id) || (!persistent && connection !== this.connection)) return
    const known = { hand: false, persistent, at: 0 }
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
      this.connection += 1
      for (const [id, known] of this.#known) {
        if (known.persistent) continue
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
    for (const [id, known] of this.#known) {
      if (known.hand || known.at >= answeredCount || this.#unsent.has(id)) return
      this.#known.delete(id)
    }
  }

  #forgetOldest() {
    for (const [id, known] of this.#known) {
      if (!known.hand) {
        this.#known.delete(id)
        return
      }
    }
  }
}
