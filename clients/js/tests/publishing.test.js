/** What is published, and the answers to it: a scripted server, a clock that the test moves. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Script, settle } from './script.js'

test('K-41, K-44: what was lost before its answer leaves again, the same and in order', async () => {
  const script = new Script()
  await script.online()
  const done = [script.client.publish('c', 1, { qos: 1 }), script.client.publish('c', 2, { qos: 1 })]
  await settle()
  const first = script.take().filter((it) => it.pub)
  script.connection.closed({ code: 1006 })
  assert.equal(script.last('state').state, 'waiting')
  assert.equal(script.last('state').reason, 'lost')
  await script.clock.advance(1_000)
  await script.online()
  assert.deepEqual(script.take().filter((it) => it.pub), first)
  for (const { pub } of first) script.say({ pubAck: { st: 1, id: pub.id } })
  await Promise.all(done)
})

test('K-46: no answer ends the connection, and the second time fails the publish', async () => {
  const script = new Script()
  await script.online({ st: 1, ts: 1_000 })
  const answer = script.client.publish('c', 1, { qos: 1 })
  await settle()
  await script.clock.advance(30_000)
  assert.ok(script.events.some((it) => it.reason === 'no-ack'))
  await script.clock.advance(1_000)
  await script.online({ st: 1, ts: 1_000 })
  await script.clock.advance(30_000)
  await assert.rejects(answer, { reason: 'timeout', temporary: true })
})

test('K-42, K-43: offline QoS 0 fails at once, QoS 1 is kept to its bound', async () => {
  const script = new Script({ outbox: { count: 2 } })
  await assert.rejects(script.client.publish('c', 1), { status: 9 })
  script.client.publish('c', 1, { qos: 1 })
  script.client.publish('c', 2, { qos: 1 })
  await settle()
  await assert.rejects(script.client.publish('c', 3, { qos: 1 }), { reason: 'overrun' })
})

test('K-47, K-48: the largest fails with too-large, and what was not sent can be withdrawn', async () => {
  const script = new Script()
  const stop = new AbortController()
  const withdrawn = script.client.publish('c', 0, { qos: 1, signal: stop.signal })
  await settle()
  stop.abort()
  await assert.rejects(withdrawn, { name: 'AbortError' })
  await script.online()
  const large = script.client.publish('c', 'x'.repeat(100), { qos: 1 })
  script.client.publish('c', 'y', { qos: 1 })
  await settle()
  script.connection.closed({ code: 1009, text: '' })
  await assert.rejects(large, { reason: 'too-large' })
  script.take()
  await script.clock.advance(1_000)
  await script.online()
  assert.deepEqual(script.take().filter((it) => it.pub).map((it) => it.pub.dt), ['y'])
})

test('K-40: a refused QoS 0 publish is an event, unless its id was forgotten or never used', async () => {
  const script = new Script()
  await script.online()
  script.client.publish('c', 1)
  const [{ pub: { id } }] = script.take().filter((it) => it.pub)
  const prefix = id.slice(0, id.indexOf('-') + 1)
  for (const other of [`${prefix}zz`, `${prefix}!`, 'another', undefined, 7]) script.say({ pubAck: { st: 7, id: other } })
  assert.equal(script.last('publish'), undefined)
  script.say({ pubAck: { st: 7, id } })
  const { channel, outcome, error } = script.last('publish')
  assert.deepEqual([channel, outcome, error.status], ['c', 'refused', 7])
  script.events.length = 0
  for (let n = 0; n <= 1_000; n += 1) script.client.publish('d', n)
  const [oldest, next] = script.take().filter((it) => it.pub)
  script.say({ pubAck: { st: 7, id: oldest.pub.id } })
  assert.equal(script.last('publish'), undefined)
  script.say({ pubAck: { st: 7, id: next.pub.id } })
  assert.equal(script.last('publish').channel, 'd')
})

test('K-40: a QoS 1 publish is answered once, and a late refusal of it is nobody else\'s', async () => {
  const script = new Script()
  await script.online()
  for (let n = 0; n < 1_000; n += 1) script.client.publish('zero', n)
  const done = script.client.publish('one', 1, { qos: 1 })
  const { id } = script.take().at(-1).pub
  script.say({ pubAck: { st: 1, id } })
  await done
  script.say({ pubAck: { st: 7, id } })
  assert.equal(script.last('publish'), undefined)
})
