/**
 * This client and a broker beside nats.js and nats-server, in one run: `RIALTO_BINARY=… npm run bench`.
 *
 * Five runs of each in turns; the medians are printed. Same payload, same promise: at most once between one publisher and one
 * subscriber, and publishes that are acknowledged when the operating system has them, which is what JetStream promises by default.
 * `synced` is what Rialto promises by default: acknowledged when the disk has it. All of it, clients and servers, shares the machine. Use a
 * release build of the broker.
 */

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as nats from 'nats'
import { connect } from 'rialto-client'
import { Broker } from './tests/broker.js'

const RUNS = 5
const FLEETING = 100_000
const KEPT = 2_000
const BATCH = 500
const READING = { channel: 'office/temperature', time: '2013-07-04T00:00:00', value: 69.88, note: 'x'.repeat(64) }

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
  let left = 0
  let complete = () => {}
  await listener.subscribe('readings', () => {
    left -= 1
    if (left === 0) complete()
  }).ready()
  await speaker.ready()
  return {
    async fleeting() {
      left = FLEETING
      const all = new Promise((resolve) => { complete = resolve })
      for (let n = 1; n <= FLEETING; n += 1) {
        speaker.publish('readings', READING)
        if (n % BATCH === 0) await speaker.request('$time')
      }
      await all
    },
    async kept() {
      const answers = []
      for (let n = 0; n < KEPT; n += 1) answers.push(speaker.publish('kept', READING, { qos: 1 }))
      await Promise.all(answers)
    },
    async stop() {
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
  let left = 0
  let complete = () => {}
  listener.subscribe('readings', {
    callback: (_, message) => {
      codec.decode(message.data)
      left -= 1
      if (left === 0) complete()
    },
  })
  await listener.flush()
  await (await speaker.jetstreamManager()).streams.add({ name: 'kept', subjects: ['kept'] })
  const stream = speaker.jetstream()
  return {
    async fleeting() {
      left = FLEETING
      const all = new Promise((resolve) => { complete = resolve })
      for (let n = 1; n <= FLEETING; n += 1) {
        speaker.publish('readings', codec.encode(READING))
        if (n % BATCH === 0) await speaker.flush()
      }
      await all
    },
    async kept() {
      const answers = []
      for (let n = 0; n < KEPT; n += 1) answers.push(stream.publish('kept', codec.encode(READING), { timeout: 120_000 }))
      await Promise.all(answers)
    },
    async stop() {
      await Promise.all([speaker.close(), listener.close()])
      server.kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const peers = { 'rialto-client': await rialto('os'), 'nats.js': await natsJs(), synced: await rialto('fsync') }
for (const [what, count] of [['fleeting', FLEETING], ['kept', KEPT]]) {
  const rates = Object.fromEntries(Object.keys(peers).map((name) => [name, []]))
  // The first run warms up.
  for (let run = 0; run <= RUNS; run += 1) {
    for (const [name, peer] of Object.entries(peers)) {
      if (name === 'synced' && what === 'fleeting') continue
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
