/** What is published and asked (clauses K-40 to K-49). */

import { failed, quiet } from './calls.js'
import { offline, refusal } from './errors.js'
import { Outbox, failure } from './outbox.js'

const QUIET_MAX = 1_000
const REQUEST_MS = 10_000
/** What every publish returns that is done at once. */
const DONE = Promise.resolve()

export class Publisher {
  outbox
  #connection
  #report
  /** Channels of the last QoS 0 publishes, whose refusal may still come, by their numbers. */
  #channels = []
  #prefix
  #number = 0
  /** The last channel, and its name in JSON. */
  #channel
  #channelJson

  /** @param report `publish(event)`, `error(event)` */
  constructor({ clock, random }, connection, limits, report) {
    this.outbox = new Outbox(clock, connection, limits, report)
    this.#connection = connection
    this.#report = report
    // Ids are never used twice, by a page that takes over a stored outbox either.
    const part = () => Math.floor(random() * 2 ** 32).toString(36)
    this.#prefix = `${part()}${part()}-`
  }

  /**
   * Publishes data that are JSON already.
   * @param {string} channel
   * @param {string} json
   * @param {import('../index.js').PublishOptions} options
   */
  publish(channel, json, { qos = 0, retain = false, signal }) {
    const id = this.#nextId()
    if (channel !== this.#channel) {
      this.#channel = channel
      this.#channelJson = JSON.stringify(channel)
    }
    const flags = (qos === 1 ? '"q":1,' : '') + (retain ? '"rt":1,' : '')
    const frame = `{"pub":{"cn":${this.#channelJson},"dt":${json},${flags}"id":"${id}"}}`
    if (qos === 1) return quiet(this.outbox.add({ id, channel, frame }, signal))
    // QoS 0 is done when it was handed to the transport, and never kept (K-42).
    if (this.#connection.sendText(frame)) {
      this.#channels[this.#number % QUIET_MAX] = channel
      return DONE
    }
    const error = offline(`the publish to ${channel}`)
    this.#report.publish(failure(id, channel, error))
    return failed(error)
  }

  /**
   * Asks a control channel; repeated on another connection only if `repeat` says so (K-49).
   * @param {string} channel
   * @param {unknown} dt
   * @param {import('../index.js').RequestOptions} [options]
   */
  request(channel, dt, { timeout = REQUEST_MS, repeat = false, signal } = {}) {
    const id = this.#nextId()
    if (!repeat && !this.#connection.online && !signal?.aborted) return failed(offline(`the request to ${channel}`))
    const frame = JSON.stringify({ pub: { cn: channel, dt, q: 0, id } })
    return quiet(this.outbox.ask({ id, channel, frame, repeat }, timeout, signal))
  }

  /** Takes a `pubAck`; one that belongs to nothing is ignored (K-41). */
  answered(body) {
    const { id, st, mg } = body
    if (this.outbox.answered(body) || st === 1) return
    const number = String(id).startsWith(this.#prefix) ? parseInt(id.slice(this.#prefix.length), 36) : NaN
    const channel = this.#channels[number % QUIET_MAX]
    // What was sent so long ago that its place is another's is hardly refused any more.
    if (channel === undefined || !(number > this.#number - QUIET_MAX && number <= this.#number)) return
    this.#channels[number % QUIET_MAX] = undefined
    this.#report.publish(failure(id, channel, refusal(`the publish to ${channel}`, st, mg)))
  }

  #nextId() {
    this.#number += 1
    this.#channels[this.#number % QUIET_MAX] = undefined
    return this.#prefix + this.#number.toString(36)
  }
}
