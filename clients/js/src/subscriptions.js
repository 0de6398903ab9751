/** The channels of a client: what is subscribed to on the wire, and who gets what comes (clauses K-20 to K-37). */

import { RialtoError, offline } from './errors.js'
import { between, waitBefore } from './backoff.js'
import { isOn } from './packets.js'
import { Acknowledger } from './acknowledger.js'
import { Shared, Subscription } from './subscription.js'

const UNCLAIMED_COUNT = 1_000
const UNCLAIMED_BYTES = 8 * 1_024 * 1_024
const ALL_BYTES = 64 * 1_024 * 1_024
const UNSUBSCRIBE_MS = 10_000

/** A channel: its subscriptions, and the requests for it that the broker has not answered, in order. */
class Channel {
  members = new Set()
  asked = []
  leaving = []
  /** Whether the broker ever accepted it, and whether it did so on this connection. */
  made = false
  active = false
  /** Who is to get a retained message now. */
  retainedFor = new Set()
  round = 0
  timer = undefined
}

export class Subscriptions {
  limits
  report
  #env
  #connection
  #publisher
  #codec
  #channels = new Map()
  #acknowledger
  #unclaimed = []
  #unclaimedBytes = 0
  #bytes = 0
  #paused = false
  /** Whether this connection took up the last one's session, so that nothing is missing (K-24). */
  #resumed = false
  #dropNoted = new Set()
  #refusesPushes = false

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
    const other = [...channel.members].find((it) => !it.listens)
    if (!subscription.listens && other && other.persistent !== subscription.persistent) {
      const text = `${name} has a subscription with another persistence`
      subscription.become('ended', { reason: 'refused', text })
      return subscription
    }
    channel.members.add(subscription)
    if (subscription.listens) subscription.become('active')
    else if (this.#connection.online) this.#subscribe(name, channel, [subscription])
    this.#claim(name)
    return subscription
  }

  // What a subscription asks of its owner.

  async unsubscribe(subscription) {
    const channel = this.#channels.get(subscription.channel)
    const last = ![...channel.members].some((it) => it !== subscription && !it.listens)
    const wire = last && !subscription.listens
    this.#remove(subscription, channel, 'unsubscribed')
    if (!wire) return
    this.#cancelRetry(channel)
    channel.made = channel.active = false
    if (!this.#connection.send({ unsub: { cn: subscription.channel } })) {
      // The broker drops what is not persistent with the connection.
      if (subscription.persistent) throw offline(`the end of the subscription to ${subscription.channel}`)
      return
    }
    await this.#unsubscribed(subscription.channel, channel)
  }

  stop(subscription, reason) {
    const channel = this.#channels.get(subscription.channel)
    if (channel) this.#remove(subscription, channel, reason)
  }

  failed(shared) {
    if (shared.push.q === 1 && shared.open <= 0) this.#acknowledger.release(shared.push.id)
  }

  drained(bytes) {
    this.#bytes -= bytes
    if (this.#paused && ![...this.#all()].some((it) => it.halfFull)) {
      this.#paused = false
      this.#connection.resume()
    }
  }

  message(push, ack) {
    const codec = this.#codec
    const message = { channel: push.cn, data: push.dt, from: push.cl ?? '', qos: push.q, id: push.id, retained: push.rt, ack }
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
      const members = this.#wired(channel)
      channel.retainedFor = new Set(members)
      if (members.length === 0) continue
      if (members[0].persistent && channel.made) lasting = true
      else this.#subscribe(name, channel, members)
    }
    if (lasting) this.#askForLasting()
  }

  lost() {
    this.#acknowledger.lost()
    this.#unclaimed = []
    this.#unclaimedBytes = 0
    for (const channel of this.#channels.values()) {
      this.#cancelRetry(channel)
      channel.active = false
      channel.asked = []
      for (const leaver of channel.leaving.splice(0)) leaver.settle()
      for (const member of this.#wired(channel)) if (member.state === 'active') member.become('waiting')
    }
  }

  subscribed(body) {
    const channel = this.#channels.get(body.cn)
    const asked = channel?.asked.shift()
    if (!asked) return
    const members = asked.filter((it) => it.state !== 'ended')
    if (body.st === 1) {
      const restored = channel.made && !channel.active
      channel.made = channel.active = true
      channel.round = 0
      channel.retainedFor = new Set(members)
      for (const member of members) {
        const again = restored && member.state === 'waiting'
        member.become('active', again ? { restored: true, gap: !this.#resumed } : {})
      }
    } else if (body.st === 5) this.#retry(body.cn, channel, members)
    else {
      const about = { reason: 'refused', status: body.st, text: body.mg }
      for (const member of members) this.#remove(member, channel, 'refused', about)
    }
  }

  unsubscribed(body) {
    const leaver = this.#channels.get(body.cn)?.leaving.shift()
    leaver?.settle(body)
  }

  /** Takes a push, and how large its frame was. */
  push(push, bytes) {
    push.rt = isOn(push.rt)
    push.q = Number(push.q) === 1 && !push.rt ? 1 : 0
    const channel = this.#channels.get(push.cn)
    const stored = push.q === 1
    if (stored && this.#refusesPushes) return
    let members = channel ? [...channel.members] : []
    if (push.rt && channel) members = members.filter((it) => it.listens || channel.retainedFor.has(it))
    const lasting = members.length === 0 || members.some((it) => it.persistent || it.listens)
    if (members.length === 0) return this.#keepUnclaimed(push, bytes, channel)
    if (stored && !this.#acknowledger.isNew(push.id, lasting)) return
    this.#deliver(push, bytes, members)
  }

  /** Takes no more pushes, and resolves when the running handlers have finished (K-61). */
  async drain() {
    this.#refusesPushes = true
    const leaving = []
    for (const member of [...this.#all()]) {
      member.forgetWaiting()
      if (!member.persistent && !member.listens) leaving.push(this.unsubscribe(member).catch(() => {}))
    }
    await Promise.all([...leaving, ...[...this.#all()].map((it) => it.finished())])
  }

  end(reason) {
    this.#refusesPushes = false
    for (const channel of this.#channels.values()) {
      this.#cancelRetry(channel)
      for (const leaver of channel.leaving.splice(0)) leaver.settle()
      for (const member of [...channel.members]) this.#remove(member, channel, reason)
    }
  }

  #channel(name) {
    let channel = this.#channels.get(name)
    if (!channel) this.#channels.set(name, (channel = new Channel()))
    return channel
  }

  * #all() {
    for (const channel of this.#channels.values()) yield* channel.members
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
      channel.members.add(member)
    }
    this.#claim(name)
  }

  #wired(channel) {
    return [...channel.members].filter((it) => !it.listens)
  }

  #subscribe(name, channel, members) {
    const packet = { sub: { cn: name, ...(members[0].persistent ? { pr: 1 } : {}) } }
    if (this.#connection.send(packet)) channel.asked.push(members)
  }

  async #askForLasting() {
    let there = {}
    try {
      there = (await this.#publisher.request('$mySubscriptions', {}, {})).subscriptions ?? {}
    } catch {
      if (!this.#connection.online) return
    }
    for (const [name, channel] of this.#channels) {
      const members = this.#wired(channel).filter((it) => it.state === 'waiting')
      if (members.length === 0 || !members[0].persistent) continue
      if (there[name] !== 'persistent') this.#subscribe(name, channel, members)
      else {
        channel.active = true
        for (const member of members) member.become('active', { restored: true, gap: false })
      }
    }
  }

  #retry(name, channel, members) {
    const wait = Math.max(between(100, 200, this.#env.random), waitBefore(channel.round, '', this.#env.random))
    channel.round += 1
    this.#cancelRetry(channel)
    channel.timer = this.#env.clock.set(wait, () => {
      channel.timer = undefined
      this.#subscribe(name, channel, members.filter((it) => it.state !== 'ended'))
    })
  }

  #cancelRetry(channel) {
    if (channel.timer !== undefined) this.#env.clock.clear(channel.timer)
    channel.timer = undefined
  }

  /** @returns {Promise<void>} */
  #unsubscribed(name, channel) {
    return new Promise((resolve, reject) => {
      const timer = this.#env.clock.set(UNSUBSCRIBE_MS, () => resolve())
      channel.leaving.push({
        settle: (body) => {
          this.#env.clock.clear(timer)
          if (!body || body.st === 1) return resolve()
          const temporary = body.st === 5
          reject(new RialtoError(body.mg ?? `${name} was not unsubscribed`, temporary ? 'server-error' : 'refused',
            { status: body.st, temporary }))
        },
      })
    })
  }

  #remove(subscription, channel, reason, about = {}) {
    channel.members.delete(subscription)
    channel.retainedFor.delete(subscription)
    subscription.become('ended', { reason, ...about })
  }

  #deliver(push, bytes, members) {
    const { id } = push
    const { connection } = this.#acknowledger
    const lasts = members.some((it) => it.persistent || it.listens)
    const acknowledge = (released) => (released
      ? this.#acknowledger.acknowledgeReleased(id, lasts, connection) : this.#acknowledger.acknowledge(id))
    const shared = new Shared(push, bytes, push.q === 1 ? acknowledge : undefined)
    // Held open until all have it: one that is done at once must not end it for the others.
    shared.open += 1
    for (const member of members) {
      this.#bytes += bytes
      if (!member.take(shared)) this.#bytes -= bytes
    }
    shared.done()
    if (this.#bytes > ALL_BYTES) this.#connection.lose('overrun')
    else if (!this.#paused && this.#connection.canPause && !this.#publisher.waits && members.some((it) => it.full)) {
      this.#paused = true
      this.#connection.pause()
    }
  }

  #keepUnclaimed(push, bytes, channel) {
    if (push.rt && channel?.members.size > 0) return
    if (push.q !== 1) {
      if (!this.#dropNoted.has(push.cn)) this.report.slow({ channel: push.cn, dropped: 1 })
      this.#dropNoted.add(push.cn)
      return
    }
    if (this.#unclaimed.length >= UNCLAIMED_COUNT || this.#unclaimedBytes + bytes > UNCLAIMED_BYTES) return
    if (this.#unclaimed.some((it) => it.push.id === push.id)) return
    this.#unclaimed.push({ push, bytes })
    this.#unclaimedBytes += bytes
  }

  #claim(name) {
    const mine = this.#unclaimed.filter((it) => it.push.cn === name)
    if (mine.length === 0) return
    this.#unclaimed = this.#unclaimed.filter((it) => it.push.cn !== name)
    for (const { push, bytes } of mine) {
      this.#unclaimedBytes -= bytes
      if (this.#acknowledger.isNew(push.id, true)) this.#deliver(push, bytes, [...this.#channels.get(name).members])
    }
  }
}
