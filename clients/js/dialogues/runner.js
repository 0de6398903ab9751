/**
 * The runner of `spec/dialogues` for this client: actions in, events out, each a line of JSON
 * (see `spec/dialogues/README.md`). Played by `rialto-dialogues` of the testkit.
 */

import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

import { connect, Unauthorized } from 'rialto-client'
import { TestClock } from '../tests/clock.js'

/** The clock of the system, and how many timers there are. */
class SystemClock {
  timers = new Map()
  now = () => performance.now()
  set = (wait, act) => {
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      act()
    }, wait)
    this.timers.set(timer, true)
    return timer
  }
  clear = (timer) => {
    this.timers.delete(timer)
    clearTimeout(timer)
  }
}

const EVENTS = {
  state: ({ state, ...about }) => ({ state, ...about }),
  subscription: ({ state, ...about }) => ({ subscription: state, ...about }),
  publish: ({ outcome, channel, error }) => ({ publish: outcome, channel, reason: error?.reason, status: error?.status }),
  slow: ({ channel, dropped }) => ({ slow: channel, dropped }),
  outbox: ({ restored }) => ({ outbox: restored }),
  error: ({ kind, error }) => ({ error: kind, text: String(error?.message ?? error) }),
}

const clients = new Map()
/** Subscriptions and calls that can be cancelled, by the name that a scenario gave them. */
const named = new Map()
let clock = new TestClock(settle)
let rejections = 0
let sockets = 0

process.on('unhandledRejection', () => { rejections += 1 })

const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const tell = (who, event) => write({ who, event })

/** Lets everything run that can without new bytes and time. */
async function settle() {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

function credentialsOf(who, given) {
  if (!given?.function) return given
  const results = [...given.function]
  return ({ attempt, reason, status }) => {
    tell(who, { credentials: attempt, reason, status })
    const result = results.length > 1 ? results.shift() : results[0]
    if (result.throws) throw new Error(result.throws)
    if (result.unauthorized) throw new Unauthorized()
    return result.hangs ? new Promise(() => {}) : result
  }
}

function optionsOf({ who, options = {}, ca, time }) {
  if (time === 'real' && !(clock instanceof SystemClock)) clock = new SystemClock()
  const codec = { encode: (value) => value, decode: (data) => { if (data === 'bad') throw new Error('bad data'); return data } }
  const { credentials, retry_first, give_up_after_ms, in_order, outbox, inbox } = options
  return {
    credentials: credentialsOf(who, credentials), retryFirst: retry_first, giveUpAfter: give_up_after_ms, inOrder: in_order,
    outbox, inbox, clock, tls: { ca: readFileSync(ca) }, ...(options.codec ? { codec } : {}),
  }
}

/** Tells how a call ends. */
function outcome(who, as, promise) {
  return promise.then(
    (answer) => tell(who, { outcome: as, is: 'done', answer }),
    (error) => {
      const { reason, status, temporary, message: text } = error
      const is = error.name === 'AbortError' ? 'cancelled' : reason === 'refused' ? 'refused' : 'failed'
      tell(who, { outcome: as, is, reason, status, temporary, text })
    })
}

/** Gives up a call when the scenario says so. */
function cancellable(as) {
  const stop = new AbortController()
  named.set(as, { cancel: () => stop.abort() })
  return stop.signal
}

function numbered(data, number) {
  return JSON.parse(JSON.stringify(data ?? null).replaceAll('"<#>"', String(number)))
}

/** What a handler does with its messages, and which of them it holds. */
class Handler {
  held = []
  messages = []

  constructor(who, of, does) {
    Object.assign(this, { who, of, does: does ?? 'takes' })
  }

  take(message) {
    this.messages.push(message)
    const { data, channel, from, qos, id, retained } = message
    tell(this.who, { message: data, of: this.of, channel, from, qos, id, retained })
  }

  handle = (message) => {
    this.take(message)
    if (this.does === 'fails') throw new Error('the handler fails')
    return this.does === 'holds' ? new Promise((resolve) => this.held.push(resolve)) : undefined
  }
}

function subscribe(client, action, begin) {
  const { who, as, handler: does, persistent, ack, parallel } = action
  const handler = new Handler(who, as, does)
  const byIterator = does === 'iterator'
  const options = { persistent, ack, parallel }
  const subscription = begin(byIterator ? undefined : handler.handle, options)
  const iterator = byIterator ? subscription[Symbol.asyncIterator]() : undefined
  named.set(as, { subscription, handler, iterator })
  outcome(who, as, subscription.ready())
}

function publish(client, { who, as, channel, data, qos, retain, times = 1, from = 0, bytes }) {
  // One signal for many publishes would have Node warn of a leak.
  const signal = times === 1 ? cancellable(as) : undefined
  const calls = []
  for (let number = 0; number < times; number += 1) {
    const value = bytes ? 'x'.repeat(bytes) : numbered(data, from + number)
    calls.push(client.publish(channel, value, { qos, retain, signal }))
  }
  outcome(who, as, Promise.all(calls).then(() => undefined))
}

const ACTIONS = {
  connect(client, action) {
    if (client) return client.connect()
    const made = connect(action.addresses, optionsOf(action))
    for (const [name, form] of Object.entries(EVENTS)) made.on(name, (event) => tell(action.who, form(event)))
    clients.set(action.who, made)
  },
  subscribe: (client, action) => subscribe(client, action, (handler, options) => handler
    ? client.subscribe(action.channel, handler, options) : client.subscribe(action.channel, options)),
  listen: (client, action) => subscribe(client, action, (handler, options) => client.listen(action.channel, handler, options)),
  direct: (client, action) => subscribe(client, action, (handler) => client.direct(handler)),
  handler: (_, { as, does }) => { named.get(as).handler.does = does },
  release(_, { as, count }) {
    for (const release of named.get(as).handler.held.splice(0, count ?? Infinity)) release()
  },
  ack: (_, { as, message }) => named.get(as).handler.messages[message].ack(),
  next(_, { as }) {
    const { iterator, handler } = named.get(as)
    iterator.next().then(({ done, value }) => done || handler.take(value))
  },
  leave: (_, { as }) => void named.get(as).iterator.return(),
  unsubscribe: (_, { who, as, call }) => void outcome(who, call, named.get(as).subscription.unsubscribe()),
  stop: (_, { as }) => named.get(as).subscription.stop(),
  publish,
  send: (client, { who, as, client: to, data, qos }) => void outcome(who, as, client.send(to, data, { qos, signal: cancellable(as) })),
  request: (client, { who, as, channel, data, repeat, timeout_ms }) =>
    void outcome(who, as, client.request(channel, data, { repeat, timeout: timeout_ms, signal: cancellable(as) })),
  cancel: (_, { as }) => named.get(as).cancel(),
  wake: (client) => client.wake(),
  drain: (client, { who, as, limit_ms }) => void outcome(who, as ?? 'drain', client.drain({ timeout: limit_ms })),
  close: (client, { who, as }) => void outcome(who, as ?? 'close', client.close()),
  listener: (client, { event }) => void client.on(event, () => { throw new Error('the listener fails') }),
  advance: (_, { ms }) => clock.advance(ms),
  sync: () => {},
  memory() {
    globalThis.gc?.()
    return { bytes: process.memoryUsage().rss }
  },
  async left() {
    // The system tells of a socket's end a turn later.
    for (let turn = 0; turn < 100 && openSockets() > sockets; turn += 1) await settle()
    return { timers: clock.timers.size, threads: 0, rejections, sockets: openSockets() - sockets }
  },
  async end() {
    await Promise.all([...clients.values()].map((client) => client.close()))
    clients.clear()
    named.clear()
    clock = new TestClock(settle)
    rejections = 0
    sockets = openSockets()
  },
}

function openSockets() {
  return process.getActiveResourcesInfo().filter((name) => /TCP|TLS/.test(name)).length
}

async function act(line) {
  const { n, do: name, ...action } = JSON.parse(line)
  try {
    if (!ACTIONS[name]) throw new Error(`there is no action ${name}`)
    const result = await ACTIONS[name](clients.get(action.who), action)
    await settle()
    write({ n, ...result })
  } catch (error) {
    write({ n, failed: String(error?.stack ?? error) })
  }
}

sockets = openSockets()
write({ runner: 1, language: 'javascript', lacks: {} })
let last = Promise.resolve()
const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => { last = last.then(() => act(line)) })
lines.on('close', () => process.exit(0))
