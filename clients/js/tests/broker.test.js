/** The client against a real broker, over each carrier. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { authenticate, connect } from 'rialto-client'
import { Broker, PROGRAM } from './broker.js'

let broker
let certificates
let tls
const open = []

/** A client with an id of its own, closed after the tests. */
function client(id, scheme = 'jmqt', options = {}) {
  const it = connect(broker.address(scheme), { credentials: { auth: { client_name: id } }, tls, ...options })
  open.push(it)
  return it
}

/** Collects `count` messages of a subscription. */
async function take(subscription, count) {
  const data = []
  for await (const message of subscription) {
    data.push(message.data)
    if (data.length === count) {
      message.ack()
      break
    }
  }
  return data
}

before(async () => {
  certificates = mkdtempSync(join(tmpdir(), 'rialto-js-tls-'))
  execFileSync(PROGRAM, ['cert', 'new'], { cwd: certificates, stdio: 'pipe' })
  tls = { ca: readFileSync(join(certificates, 'rialto-certs', 'ca.pem')) }
  broker = await Broker.start([
    '--tls-certificate', join(certificates, 'rialto-certs', 'server.pem'), '--tls-key', join(certificates, 'rialto-certs', 'server.key'),
  ])
})

after(async () => {
  await Promise.all(open.map((it) => it.close()))
  await broker?.stop()
  rmSync(certificates, { recursive: true, force: true })
})

for (const scheme of ['jmqt', 'jmqts', 'ws', 'wss']) {
  describe(`over ${scheme}`, () => {
    test('publishes reach subscribers with both qualities, in order (K-30, K-40)', async () => {
      const listener = client(`listener-${scheme}`, scheme)
      const subscription = listener.subscribe(`news/${scheme}`)
      await subscription.ready()
      const got = take(subscription, 100)
      const speaker = client(`speaker-${scheme}`, scheme)
      await speaker.ready()
      for (let n = 0; n < 100; n += 1) speaker.publish(`news/${scheme}`, { n, text: 'Grüße 🌍' }, { qos: 1 })
      const data = await got
      assert.deepEqual(data.map(({ n }) => n), Array.from({ length: 100 }, (_, n) => n))
      assert.equal(data[0].text, 'Grüße 🌍')
      await speaker.publish(`news/${scheme}`, 'gone', { qos: 1 })
    })

    test('control channels answer, and refuse (K-49)', async () => {
      const asker = client(`asker-${scheme}`, scheme)
      await asker.ready()
      assert.equal((await asker.request('$whoami')).client ?? `asker-${scheme}`, `asker-${scheme}`)
      await assert.rejects(asker.request('$nothing'), { reason: 'refused', status: 11 })
    })

    test('a token is got without a session, and opens one later', async () => {
      const credentials = await authenticate(broker.address(scheme), { client_name: `token-${scheme}` }, { tls })
      assert.equal(credentials.client, `token-${scheme}`)
      const later = client('unused', scheme, { credentials })
      await later.ready()
      assert.equal(later.id, `token-${scheme}`)
      await assert.rejects(authenticate(broker.address(scheme), {}, { tls }), { reason: 'refused' })
    })

    test('a message of 200 KB arrives whole', async () => {
      const listener = client(`large-${scheme}`, scheme)
      const subscription = listener.subscribe(`large/${scheme}`)
      await subscription.ready()
      const got = take(subscription, 1)
      const speaker = client(`large-speaker-${scheme}`, scheme)
      await speaker.publish(`large/${scheme}`, 'x'.repeat(200_000), { qos: 1 })
      assert.equal((await got)[0].length, 200_000)
    })
  })
}

test('whoever asks for a token where no broker is hears so', async () => {
  await assert.rejects(authenticate('jmqt://127.0.0.1:1', {}), { status: 9, temporary: true })
  await assert.rejects(authenticate('ws://127.0.0.1:1', {}), { status: 9, temporary: true })
})

test('a retained message goes to each new subscription once (K-21)', async () => {
  const speaker = client('retainer')
  await speaker.publish('weather', 'rain', { qos: 1, retain: true })
  const listener = client('retained-listener')
  const first = []
  const one = listener.subscribe('weather', ({ data, retained }) => void first.push([data, retained]))
  await one.ready()
  const [second] = await take(listener.subscribe('weather'), 1)
  assert.equal(second, 'rain')
  await listener.request('$time')
  assert.deepEqual(first, [['rain', true]])
})

test('a direct message and one that cannot be delivered (K-27)', async () => {
  const bob = client('bob')
  await bob.ready()
  const got = take(bob.direct(), 1)
  const ada = client('ada')
  await ada.send('bob', 'hello', { qos: 1 })
  assert.deepEqual(await got, ['hello'])
  await assert.rejects(ada.send('nobody-here', 1, { qos: 1 }), { status: 8 })
})

test('a failed handler leaves the message unacknowledged, and it comes again (K-32)', async () => {
  const listener = client('failing')
  let calls = 0
  const errors = []
  listener.on('error', ({ kind }) => errors.push(kind))
  const done = new Promise((resolve) => {
    listener.subscribe('fails', ({ data }) => {
      calls += 1
      if (calls === 1) throw new Error('not now')
      resolve(data)
    }, { persistent: true }).ready().then(() => speaker.publish('fails', 7, { qos: 1 }))
  })
  const speaker = client('failing-speaker')
  const failed = new Promise((resolve) => listener.on('error', resolve))
  await failed
  await listener.close()
  listener.connect()
  const again = new Promise((resolve) => {
    listener.subscribe('fails', ({ data }) => resolve(data), { persistent: true })
  })
  assert.equal(await Promise.race([again, done]), 7)
  assert.deepEqual(errors, ['handler'])
})

test('a newer client of the same id ends the older for good (K-14)', async () => {
  const older = client('twin')
  await older.ready()
  const ended = new Promise((resolve) => older.on('state', (event) => event.state === 'closed' && resolve(event)))
  const newer = client('twin')
  await newer.ready()
  const { reason } = await ended
  assert.equal(reason, 'taken-over')
  await newer.request('$time')
  assert.equal(older.state, 'closed')
})

test('drain lets kept publishes and running handlers finish, then closes (K-61)', async () => {
  const listener = client('drain-listener')
  let finished = false
  const begun = new Promise((resolve) => {
    listener.subscribe('drained', async () => {
      resolve()
      await listener.request('$time').catch(() => {})
      finished = true
    })
  })
  await listener.ready()
  await listener.request('$time')
  const speaker = client('drain-speaker')
  const publishes = Array.from({ length: 50 }, (_, n) => speaker.publish('drained', n, { qos: 1 }))
  await speaker.drain()
  await Promise.all(publishes)
  assert.equal(speaker.state, 'closed')
  await begun
  await listener.drain()
  assert.ok(finished)
  assert.throws(() => listener.subscribe('more'), { reason: 'asked' })
  await assert.rejects(speaker.publish('drained', 1), { reason: 'asked' })
})

test('nothing is lost and the order is kept while the broker is killed under load (K-41, K-44)', async () => {
  const total = 3_000
  const listener = client('survivor')
  const seen = []
  const complete = new Promise((resolve) => {
    listener.subscribe('load', ({ data }) => {
      seen.push(data)
      if (data === total - 1) resolve()
    }, { persistent: true })
  })
  await listener.ready()
  await listener.request('$time')
  const speaker = client('driver', 'jmqt', { outbox: { full: 'wait', count: 200 } })
  let kills = 0
  let killing = Promise.resolve()
  const publishes = []
  for (let n = 0; n < total; n += 1) {
    const answered = speaker.publish('load', n, { qos: 1 })
    publishes.push(answered)
    if (n % 100 === 99) await answered
    if (n % 900 === 450) {
      kills += 1
      killing = broker.kill().then(() => broker.run())
    }
  }
  await Promise.all(publishes)
  await killing
  await complete
  // A repeated publish may come twice, but the first of each is in order and none is missing.
  const firsts = seen.filter((n, at) => seen.indexOf(n) === at)
  assert.deepEqual(firsts, Array.from({ length: total }, (_, n) => n))
  assert.equal(kills, 3)
})
