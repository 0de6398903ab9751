/**
 * This client and a broker beside nats.js and nats-server, in one run: `RIALTO_BINARY=… npm run bench`.
 *
 * Five runs of each in turns; the medians are printed. Same payload, same promise: at most once between one publisher and one
 * subscriber (`both`), to nobody (`publish`), and from a thread that writes prepared bytes to a subscriber (`deliver`); and publishes that
 * are acknowledged when the operating system has them (`kept`), which is what JetStream promises by default. `synced` is what Rialto
 * promises by default: acknowledged when the disk has it. All of it, clients and servers, shares the machine. Use a release build of the
 * broker.
 */

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

import * as nats from 'nats'
import { connect } from 'rialto-client'
import { Broker } from './tests/broker.js'

const RUNS = 5
const FLEETING = 100_000
const KEPT = 2_000
const BATCH = 500
const READING = { channel: 'office/temperature', time: '2013-07-04T00:00:00', value: 69.88, note: 'x'.repeat(64) }

/** What the thread does: it greets, says when it may send, and then sends `frames` whenever it is told to. */
const SENDER = `const { parentPort, workerData: { port, hello, beat, frames } } = require('node:worker_threads')
const socket = require('node:net').connect(port, '127.0.0.1', () => socket.write(hello))
socket.on('data', (bytes) => {
  const token = /"authAck":{.*"at":"([^"]+)"/.exec(bytes)?.[1]
  if (token) socket.write(JSON.stringify({ conn: { at: token, cl: 'sender' } }) + '\\0')
  if (/"connAck"|PONG/.test(bytes)) parentPort.postMessage('ready')
})
setInterval(() => socket.write(beat), 4_000)
parentPort.on('message', () => socket.write(frames))`

/** Starts the thread, and returns how to have it send `BATCH` messages. */
async function sender(port, { hello, beat, frame }) {
  const thread = new Worker(SENDER, { eval: true, workerData: { port, hello, beat, frames: frame.repeat(BATCH) } })
  await new Promise((resolve) => thread.once('message', resolve))
  return { send: () => thread.postMessage('go'), end: () => thread.terminate() }
}

/** Counts messages, and says when all of a number came; the thread sends the next ones while some are on their way. */
class Counter {
  #left = 0
  #complete = () => {}
  #more = () => {}

  expect(count, more = () => {}) {
    this.#left = count
    this.#more = more
    return new Promise((resolve) => { this.#complete = resolve })
  }

  take() {
    this.#left -= 1
    if (this.#left === 0) this.#complete()
    else if (this.#left % BATCH === 0 && this.#left >= 2 * BATCH) this.#more()
  }

  /** Has all of `count` sent by the thread, two batches ahead. */
  async drive({ send }, count) {
    const all = this.expect(count, send)
    send()
    send()
    await all
  }
}

const freePort = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => resolve(port))
  })
})

/** Messages a second of `act`, which deals with `count` of them. */
async function rate(count, act) {
  const begun = performance.now()
  await act()
  return (count * 1_000) / (performance.now() - begun)
}

async function rialto(durability) {
  const broker = await Broker.start(['--set', `store.durability=${durability}`])
  const open = (name) => connect(broker.address('jmqt'), { credentials: { auth: { client_name: name } } })
  const [speaker, listener] = [open('speaker'), open('listener')]
  const counter = new Counter()
  await listener.subscribe('readings', () => counter.take()).ready()
  await speaker.ready()
  const [hello, beat, frame] = [{ auth: { dt: { client_name: 'sender' } } }, { hb: {} }, { pub: { cn: 'readings', dt: READING } }]
    .map((packet) => `${JSON.stringify(packet)}\0`)
  const thread = await sender(broker.port, { hello, beat, frame })
  const publish = async (channel) => {
    for (let n = 1; n <= FLEETING; n += 1) {
      speaker.publish(channel, READING)
      if (n % BATCH === 0) await speaker.request('$time')
    }
  }
  return {
    both: () => Promise.all([counter.expect(FLEETING), publish('readings')]),
    publish: () => publish('nobody'),
    deliver: () => counter.drive(thread, FLEETING),
    async kept() {
      const answers = []
      for (let n = 0; n < KEPT; n += 1) answers.push(speaker.publish('kept', READING, { qos: 1 }))
      await Promise.all(answers)
    },
    async stop() {
      await thread.end()
      await Promise.all([speaker.close(), listener.close()])
      await broker.stop()
    },
  }
}

async function natsJs() {
  const directory = mkdtempSync(join(tmpdir(), 'nats-bench-'))
  const port = await freePort()
  writeFileSync(join(directory, 'nats.conf'), `listen: 127.0.0.1:${port}
jetstream { store_dir: "${directory}" }
`)
  const server = spawn('nats-server', ['-c', join(directory, 'nats.conf')], { stdio: 'ignore' })
  const open = () => nats.connect({ servers: `127.0.0.1:${port}`, waitOnFirstConnect: true, reconnectTimeWait: 50 })
  const [speaker, listener] = [await open(), await open()]
  const codec = nats.JSONCodec()
  const counter = new Counter()
  listener.subscribe('readings', {
    callback: (_, message) => {
      codec.decode(message.data)
      counter.take()
    },
  })
  await listener.flush()
  await (await speaker.jetstreamManager()).streams.add({ name: 'kept', subjects: ['kept'] })
  const stream = speaker.jetstream()
  const payload = JSON.stringify(READING)
  const thread = await sender(port, {
    hello: 'CONNECT {"verbose":false}\r\nPING\r\n', beat: 'PING\r\n', frame: `PUB readings ${payload.length}\r\n${payload}\r\n`,
  })
  const publish = async (subject) => {
    for (let n = 1; n <= FLEETING; n += 1) {
      speaker.publish(subject, codec.encode(READING))
      if (n % BATCH === 0) await speaker.flush()
    }
  }
  return {
    both: () => Promise.all([counter.expect(FLEETING), publish('readings')]),
    publish: () => publish('nobody'),
    deliver: () => counter.drive(thread, FLEETING),
    async kept() {
      const answers = []
      for (let n = 0; n < KEPT; n += 1) answers.push(stream.publish('kept', codec.encode(READING), { timeout: 120_000 }))
      await Promise.all(answers)
    },
    async stop() {
      await thread.end()
      await Promise.all([speaker.close(), listener.close()])
      server.kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const peers = { 'rialto-client': await rialto('os'), 'nats.js': await natsJs(), synced: await rialto('fsync') }
for (const [what, count] of [['both', FLEETING], ['publish', FLEETING], ['deliver', FLEETING], ['kept', KEPT]]) {
  const rates = Object.fromEntries(Object.keys(peers).map((name) => [name, []]))
  // The first run warms up.
  for (let run = 0; run <= RUNS; run += 1) {
    for (const [name, peer] of Object.entries(peers)) {
      if (name === 'synced' && what !== 'kept') continue
      const measured = await rate(count, peer[what])
      if (run > 0) rates[name].push(measured)
    }
  }
  for (const [name, measured] of Object.entries(rates)) {
    if (measured.length === 0) continue
    const [low, , median, , high] = measured.sort((a, b) => a - b).map(Math.round)
    console.log(`${what.padEnd(9)} ${name.padEnd(14)} ${median} messages a second (${low} to ${high})`)
  }
}
for (const peer of Object.values(peers)) await peer.stop()
