/** A message on its way through subscriptions to its acknowledgement (clauses K-31, K-32). */

/** A message that one or more subscriptions have; acknowledged when all of them are done with it. */
export class Delivery {
  /** How many are not done with it. */
  open = 0
  #isSpoilt = false
  #acknowledger

  /**
   * @param push what the server sent
   * @param {import('./acknowledger.js').Acknowledger} [acknowledger] takes its acknowledgement, at QoS 1
   * @param {boolean} [lasting] whether the broker has it until it is acknowledged, over connections too
   */
  constructor(push, retained, bytes, acknowledger, lasting = false) {
    this.#acknowledger = acknowledger
    this.push = push
    this.retained = retained
    this.bytes = bytes
    this.lasting = lasting
    this.epoch = acknowledger?.epoch
  }

  /** @returns {0 | 1} */
  get qos() {
    return this.#acknowledger ? 1 : 0
  }

  /** One of them is done with it. */
  done() {
    this.open -= 1
    if (this.open > 0) return
    if (this.#isSpoilt) this.#acknowledger?.release(this.push.id)
    else this.#acknowledger?.acknowledge(this.push.id)
  }

  /** One of them will not be done with it: it comes again. */
  spoil() {
    this.#isSpoilt = true
    this.done()
  }

  /** The application acknowledges it after all. */
  acknowledgeLate() {
    this.#acknowledger?.acknowledgeReleased(this)
  }
}

/** A delivery that one subscription has given to the application. */
export class InHand {
  isOver = false
  #isSpoilt = false
  #delivery

  constructor(delivery) {
    this.#delivery = delivery
  }

  acknowledge() {
    if (this.isOver) return
    this.isOver = true
    if (this.#isSpoilt) this.#delivery.acknowledgeLate()
    else this.#delivery.done()
  }

  /** Nobody deals with it, unless the application still acknowledges it (K-31). */
  spoil() {
    if (this.isOver || this.#isSpoilt) return
    this.#isSpoilt = true
    this.#delivery.spoil()
  }
}
