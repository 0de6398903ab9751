/** What a client is subscribed to on the wire, and who gets what comes (clauses K-20 to K-37). */

import { Acknowledger } from './acknowledger.js'
import { waitBefore } from './backoff.js'
import { nothing } from './calls.js'
import { Channel } from './channel.js'
import { Delivery } from './delivery.js'
import { offline, refusal } from './errors.js'
import { byteLength, isOn } from './packets.js'
import { Subscription } from './subscription.js'
import { Unclaimed } from './unclaimed.js'

const ALL_BYTES = 64 * 1_024 * 1_024
const UNSUBSCRIBE_MS = 10_000

export class Subscriptions {
  limits
  report
  /** Whether what comes is left unacknowledged, from a drain on until the application connects again (K-61). */
  refusesPushes = false
  #env
  #connection
  #publisher
  #codec
  /** @type {Map<string, Channel>} */
  #channels = new Map()
  #acknowledger
  #unclaimed = new Unclaimed()
  #bytes = 0
  #paused = false
  /** Whether this connection took up the last one's session, so that nothing is missing (K-24). */
  #resumed = false
  #dropNoted = new Set()

  /** @param report `subscription`, `slow`, `error`: functions that take the event */
  constructor(env, connection, publisher, { inbox, codec }, report) {
    this.limits = { count: 1_000, bytes: 8 * 1_024 * 1_024, ...inbox }
    this.report = report
    this.#env = env
    this.#connection = connection
    this.#publisher = publisher
    this.#codec = codec
    this.#acknowledger = new Acknowledger(connection)
  }

  add(name, handler, options) {
    const channel = this.#channel(name)
    const subscription = new Subscription(this, name, handler, options)
    const [other] = channel.wired
    if (!subscription.listens && other && other.persistent !== subscription.persistent) {
      const text = `${name} has a subscription with another persistence`
      subscription.become('ended', { reason: 'refused', text })
      return subscription
    }
    channel.add(subscription)
    if (subscription.listens) subscription.become('active')
    else if (this.#connection.online) this.#subscribe(name, channel, [subscription])
    this.#claim(name, channel)
    return subscription
  }

  // What a subscription asks of its owner.

  /** @returns {Promise<void> | undefined} */
  unsubscribe(subscription) {
    const name = subscription.channel
    const channel = this.#channel(name)
    this.stop(subscription, 'unsubscribed')
    if (subscription.listens || channel.wired.length > 0) return
    channel.cancelRetry()
    channel.made = channel.active = false
    const what = `the end of the subscription to ${name}`
    if (this.#connection.send({ unsub: { cn: name } })) {
      return new Promise((resolve, reject) => {
        const settle = ({ st, mg }) => {
          this.#env.clock.clear(timer)
          if (st === 1) resolve()
          else reject(refusal(what, st, mg))
        }
        const timer = this.#env.clock.set(UNSUBSCRIBE_MS, resolve)
        channel.leaving.push(settle)
      })
    }
    // The broker drops what is not persistent with the connection.
    if (subscription.persistent) throw offline(what)
  }

  /** Ends a subscription here. */
  stop(subscription, reason, about = {}) {
    this.#channel(subscription.channel).remove(subscription)
    subscription.become('ended', { reason, ...about })
  }

  drained(bytes) {
    this.#bytes -= bytes
    if (!this.#paused || this.#all().some((it) => it.filled > 0.5)) return
    this.#paused = false
    this.#connection.resume()
  }

  message(delivery, acknowledge) {
    const { push, qos, retained } = delivery
    const codec = this.#codec
    const message = {
      channel: push.cn, data: push.dt, from: push.cl ?? '', qos, id: push.id, retained, ack: qos === 1 ? acknowledge : nothing,
    }
    // Decoded where it is read, so that data which cannot be decoded fail the handler and nothing else.
    if (codec) Object.defineProperty(message, 'data', { enumerable: true, get: () => codec.decode(push.dt) })
    return message
  }

  /** Whether a connection that was left because of all that waits may be opened again (K-36). */
  get hasRoom() {
    return this.#bytes <= ALL_BYTES / 2
  }

  // What the connection brings.

  /** Subscribes again before all else, in the order of the subscriptions (K-23). */
  online(resumed) {
    this.#paused = false
    this.#resumed = resumed
    this.#acknowledger.online(resumed)
    this.#nameDirect()
    let lasting = false
    for (const [name, channel] of this.#channels) {
      const { wired } = channel
      channel.retainedFor = wired
      if (wired[0]?.persistent && channel.made) lasting = true
      else this.#subscribe(name, channel, wired)
    }
    if (lasting) this.#askForLasting()
  }

  lost() {
    this.#acknowledger.lost()
    this.#unclaimed.clear()
    for (const channel of this.#channels.values()) {
      channel.forsake()
      for (const member of channel.wired) if (member.state === 'active') member.become('waiting')
    }
  }

  subscribed({ cn, st, mg }) {
    const channel = this.#channels.get(cn)
    const members = channel?.asked.shift()?.filter((it) => it.state !== 'ended')
    if (!channel || !members) return
    if (st === 1) {
      const restored = channel.made && !channel.active
      channel.accepted(members)
      for (const member of members) {
        member.become('active', restored && member.state === 'waiting' ? { restored, gap: !this.#resumed } : {})
      }
    } else if (st === 5) {
      const { random } = this.#env
      channel.retry((round) => waitBefore(round, '', random),
        () => this.#subscribe(cn, channel, members.filter((it) => it.state !== 'ended')))
    } else for (const member of members) this.stop(member, 'refused', { status: st, text: mg })
  }

  unsubscribed(body) {
    this.#channels.get(body.cn)?.leaving.shift()?.(body)
  }

  /** Takes a push, and the text of its frame. */
  push(push, text) {
    const retained = isOn(push.rt)
    const isStored = Number(push.q) === 1 && !retained
    if (isStored && this.refusesPushes) return
    const bytes = byteLength(text)
    const channel = this.#channels.get(push.cn)
    const takers = channel?.takers(retained) ?? []
    if (takers.length > 0) this.#deliver(push, retained, isStored, bytes, takers)
    else if (isStored) this.#unclaimed.keep(push, bytes)
    // One that is retained for others than those who are there was given to them before.
    else if (!channel?.members.length && !this.#dropNoted.has(push.cn)) {
      this.#dropNoted.add(push.cn)
      this.report.slow({ channel: push.cn, dropped: 1 })
    }
  }

  /** Takes no more pushes, and resolves when the running handlers have finished (K-61). */
  async drain() {
    this.refusesPushes = true
    const ends = this.#all().map((member) => {
      member.forgetWaiting()
      return member.persistent || member.listens || member.unsubscribe().catch(nothing)
    })
    await Promise.all([...ends, ...this.#all().map((it) => it.finished())])
  }

  end(reason) {
    for (const channel of this.#channels.values()) {
      channel.forsake()
      for (const member of channel.members) this.stop(member, reason)
    }
  }

  /** @returns {Channel} */
  #channel(name) {
    let channel = this.#channels.get(name)
    if (!channel) this.#channels.set(name, channel = new Channel(this.#env.clock))
    return channel
  }

  #all() {
    return [...this.#channels.values()].flatMap((it) => it.members)
  }

  /** Who listened to direct messages before the client had an id gets the channel that it has now. */
  #nameDirect() {
    const nameless = this.#channels.get('#')
    if (!nameless) return
    this.#channels.delete('#')
    const name = `#${this.#connection.id}`
    const channel = this.#channel(name)
    for (const member of nameless.members) {
      member.channel = name
      channel.add(member)
    }
    this.#claim(name, channel)
  }

  #subscribe(name, channel, members) {
    if (members.length === 0) return
    if (this.#connection.send({ sub: { cn: name, pr: members[0].persistent ? 1 : undefined } })) channel.asked.push(members)
  }

  async #askForLasting() {
    let there = {}
    try {
      there = (await this.#publisher.request('$mySubscriptions', {})).subscriptions ?? {}
    } catch {
      if (!this.#connection.online) return
    }
    for (const [name, channel] of this.#channels) {
      const members = channel.wired.filter((it) => it.state === 'waiting')
      if (!members[0]?.persistent) continue
      if (there[name] !== 'persistent') this.#subscribe(name, channel, members)
      else {
        channel.active = true
        for (const member of members) member.become('active', { restored: true, gap: false })
      }
    }
  }

  #deliver(push, retained, isStored, bytes, takers) {
    let delivery
    if (isStored) {
      const lasting = takers.some((it) => it.persistent || it.listens)
      if (!this.#acknowledger.isNew(push.id, lasting)) return
      delivery = new Delivery(push, retained, bytes, this.#acknowledger, lasting)
    } else delivery = new Delivery(push, retained, bytes)
    // Held open until all have it: one that is done at once must not end it for the others.
    delivery.open = 1
    for (const member of takers) if (member.take(delivery)) this.#bytes += bytes
    delivery.done()
    if (this.#bytes > ALL_BYTES) this.#connection.lose('overrun')
    else if (!this.#paused && this.#publisher.outbox.isEmpty && takers.some((it) => it.filled >= 1)) {
      this.#paused = this.#connection.pause()
    }
  }

  #claim(name, { members }) {
    for (const { push, bytes } of this.#unclaimed.take(name)) this.#deliver(push, false, true, bytes, members)
  }
}
