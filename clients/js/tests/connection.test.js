/** The way to a session and its end: a scripted server, a clock that the test moves, fixed random numbers. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { waitBefore } from '../src/backoff.js'
import { Unauthorized } from '../src/errors.js'
import { WORDS } from '../src/farewell.js'
import { Script, settle } from './script.js'

test('K-6: waits grow, are random, and have their bounds', () => {
  for (let round = 0; round < 20; round += 1) {
    const upper = Math.min(20_000, 1_000 * 2 ** round)
    for (const random of [0, 0.3, 0.999]) {
      const wait = waitBefore(round, 'lost', () => random)
      assert.ok(wait >= 100 && wait <= upper, `${round}: ${wait}`)
    }
  }
  assert.ok(waitBefore(0, 'server-full', () => 0) >= 5_000)
})

test('K-16, K-17: heartbeats leave in time, and a silent server is left', async () => {
  const script = new Script()
  await script.online()
  script.take()
  await script.clock.advance(5_000)
  assert.deepEqual(script.take(), [{ hb: {} }])
  script.say({ hbAck: {} })
  await script.clock.advance(29_000)
  assert.equal(script.client.state, 'online')
  await script.clock.advance(1_000)
  assert.equal(script.events.filter((it) => it.reason).at(0).reason, 'silent')
})

test('K-16: a frame that comes while timers sleep is a reason to send a heartbeat that is due', async () => {
  const script = new Script()
  await script.online()
  script.take()
  script.clock.time += 4_000
  script.say({ hbAck: {} })
  assert.deepEqual(script.take(), [])
  script.clock.time += 2_000
  script.say({ hbAck: {} })
  assert.deepEqual(script.take(), [{ hb: {} }])
})

test('K-8: a machine that slept asks whether the server is there', async () => {
  const script = new Script()
  await script.online()
  script.take()
  script.clock.time += 3_600_000
  await script.clock.advance(0)
  assert.equal(script.client.state, 'online')
  assert.deepEqual(script.take(), [{ hb: {} }])
  await script.clock.advance(5_000)
  assert.equal(script.events.filter((it) => it.reason).at(0).reason, 'silent')
})

test('K-3, K-14: taken over is final until the application connects again', async () => {
  const script = new Script()
  await script.online()
  script.say({ connAck: { st: 7, rs: 'taken-over', mg: 'another' } })
  assert.equal(script.client.state, 'closed')
  await script.clock.advance(100_000)
  assert.equal(script.opened.length, 1)
  assert.equal(script.clock.timers.size, 0)
  script.client.connect()
  await script.online()
  assert.equal(script.client.state, 'online')
})

test('K-19: every word of the server means what the specification says', () => {
  const [, clause] = readFileSync(new URL('../../../spec/client.md', import.meta.url), 'utf8').split('- **K-19**')
  const rows = clause.split('- **')[0].split('\n').filter((line) => line.startsWith('  | `')).map((line) => line.split('|'))
  const named = (cell) => cell.match(/[a-z-]+/g)
  assert.deepEqual(WORDS, Object.fromEntries(rows.flatMap(([, words, reason]) => named(words).map((word) => [word, named(reason)[0]]))))
})

test('K-2, K-3: what the server says last decides whether the client tries again', async () => {
  const endings = [
    [{ st: 7, rs: 'taken-over' }, 'taken-over', 'closed'],
    [{ st: 7, rs: 'removed' }, 'removed', 'closed'],
    [{ st: 5, rs: 'shutting-down' }, 'server-stopping', 'waiting'],
    [{ st: 5, rs: 'listener-full' }, 'server-full', 'waiting'],
    [{ st: 5, rs: 'slow-consumer', mg: 'slow consumer: 9 bytes are waiting to be read' }, 'overrun', 'waiting'],
    [{ st: 7, rs: 'too-many-unacknowledged' }, 'overrun', 'waiting'],
    [{ st: 7, mg: 'taken over by a newer connection of the same client' }, 'taken-over', 'closed'],
    [{ st: 7, mg: 'disconnected by the server' }, 'removed', 'closed'],
    [{ st: 7, mg: 'access was withdrawn' }, 'withdrawn', 'closed'],
    [{ st: 7, mg: '1000 pushes are unacknowledged' }, 'overrun', 'waiting'],
    [{ st: 5, mg: 'the store failed' }, 'server-error', 'waiting'],
    [{ st: 10, mg: 'packet is larger than 9 bytes' }, 'too-large', 'waiting'],
  ]
  for (const [body, reason, state] of endings) {
    const script = new Script()
    await script.online()
    script.say({ connAck: body })
    assert.deepEqual([script.last('state').reason, script.client.state], [reason, state])
    const before = new Script()
    await settle()
    before.connection.opened()
    before.say({ connAck: { st: 7, mg: 'the server has 9 connections, the most allowed' } })
    assert.deepEqual([before.last('state').reason, before.client.state], ['server-full', 'waiting'])
    await Promise.all([script.client.close(), before.client.close()])
  }
})

test('K-11, K-12: a function is asked before each attempt; a second 6 is final', async () => {
  const asked = []
  const script = new Script({ credentials: (why) => (asked.push(why), { client: 'ada', token: `t${asked.length}` }) })
  await settle()
  script.connection.opened()
  script.say({ connAck: { st: 6 } })
  await settle()
  script.connection.opened()
  assert.deepEqual(script.take().map((it) => it.conn.at), ['t1', 't2'])
  script.say({ connAck: { st: 6 } })
  assert.equal(script.last('state').reason, 'unauthorized')
  assert.deepEqual(asked.map((it) => it.attempt), [0, 1])
  const refused = new Script({ credentials: () => { throw new Unauthorized() } })
  await settle()
  assert.equal(refused.last('state').reason, 'unauthorized')
})

test('K-13: another client id than before ends the client', async () => {
  const names = ['ada', 'bob']
  const script = new Script({ credentials: () => ({ client: names.shift(), token: 't' }) })
  await script.online()
  await script.lose()
  await script.online()
  assert.equal(script.last('state').reason, 'identity-changed')
})

test('K-7: without retrying the first connection fails after one round of addresses', async () => {
  const script = new Script({ retryFirst: false, inOrder: true }, ['jmqt://a', 'jmqt://b'])
  await settle()
  script.connection.closed({})
  await script.clock.advance(1)
  script.connection.closed({})
  assert.deepEqual(script.opened, ['jmqt://a', 'jmqt://b'])
  assert.equal(script.last('state').reason, 'gave-up')
  await assert.rejects(script.client.ready())
})

test('K-8: a hint cuts the wait, and online asks whether the server is there', async () => {
  const script = new Script()
  await script.online({ st: 1, ts: 1_000 })
  script.connection.closed({ code: 1013, text: '' })
  assert.equal(script.last('state').reason, 'server-full')
  script.client.wake()
  await script.clock.advance(250)
  await script.online({ st: 1, ts: 1_000 })
  script.take()
  script.client.wake()
  assert.deepEqual(script.take(), [{ hb: {} }])
  await script.clock.advance(5_000)
  assert.equal(script.events.filter((it) => it.reason).at(-1).reason, 'silent')
})

test('K-60, K-62: a signal closes the client, and is not listened to afterwards', async () => {
  const stop = new AbortController()
  let listeners = 0
  const { signal } = stop
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
  signal.addEventListener = (...given) => (listeners += 1, add(...given))
  signal.removeEventListener = (...given) => (listeners -= 1, remove(...given))
  const closed = new Script({ signal })
  await closed.online()
  await closed.client.close()
  assert.equal(listeners, 0)
  const aborted = new Script({ signal })
  await aborted.online()
  stop.abort()
  assert.equal(aborted.last('state').reason, 'asked')
})

test('K-60, K-62: closing in any state answers every call and leaves no timer', async () => {
  for (const state of ['connecting', 'online', 'waiting']) {
    const script = new Script()
    await settle()
    if (state !== 'connecting') await script.online()
    const answer = script.client.publish('c', 1, { qos: 1 })
    if (state === 'online') script.client.request('$time').catch(() => {})
    await settle()
    if (state === 'waiting') script.connection.closed({ code: 1006 })
    assert.equal(script.client.state, state)
    await script.client.close()
    await assert.rejects(answer, { reason: 'asked' })
    assert.equal(script.clock.timers.size, 0, state)
  }
})
