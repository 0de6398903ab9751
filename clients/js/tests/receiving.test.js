/** Subscriptions, and what comes for them: a scripted server, a clock that the test moves. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { FrameSplitter } from '../src/frame-splitter.js'
import { byteLength, parse } from '../src/packets.js'
import { Script, settle } from './script.js'

test('J-2: frames are the same however the bytes were cut', () => {
  const bytes = Buffer.from(`{"push":{"cn":"ä🌍"}}\0\0{"hbAck":{}}\0`)
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const splitter = new FrameSplitter()
    const frames = [...splitter.push(bytes.subarray(0, cut)), ...splitter.push(bytes.subarray(cut))]
    assert.deepEqual(frames, ['{"push":{"cn":"ä🌍"}}', '{"hbAck":{}}'])
  }
  assert.equal(byteLength('aä€🌍'), new TextEncoder().encode('aä€🌍').length)
  for (const text of ['', '[]', 'null', '{"a":1}', '{"a":{},"b":{}}', '{']) assert.equal(parse(text), undefined)
})

test('K-23, K-24: subscriptions are made again before all else, and say that there is a gap', async () => {
  const script = new Script()
  await script.online()
  script.client.subscribe('one', () => {})
  script.client.subscribe('two', () => {}, { persistent: true })
  script.say({ subAck: { st: 1, cn: 'one' } })
  script.say({ subAck: { st: 1, cn: 'two' } })
  script.connection.closed({ code: 1006 })
  script.client.publish('c', 1, { qos: 1 })
  script.take()
  await script.clock.advance(1_000)
  await script.online()
  const [, sub, asked, pub] = script.take()
  assert.deepEqual(sub, { sub: { cn: 'one' } })
  assert.equal(asked.pub.cn, '$mySubscriptions')
  assert.equal(pub.pub.cn, 'c')
  script.say({ subAck: { st: 1, cn: 'one' } })
  assert.deepEqual([script.last('subscription').restored, script.last('subscription').gap], [true, true])
  script.say({ pubAck: { st: 1, id: asked.pub.id, dt: { channels: ['two'], subscriptions: { two: 'persistent' } } } })
  await settle()
  assert.deepEqual([script.last('subscription').restored, script.last('subscription').gap], [true, false])
})

test('K-20, K-31: two subscriptions share one on the wire, and both must be done', async () => {
  const script = new Script()
  await script.online()
  let letGo
  const held = new Promise((resolve) => { letGo = resolve })
  script.client.subscribe('c', () => {})
  script.client.subscribe('c', () => held)
  script.say({ subAck: { st: 1, cn: 'c' } })
  script.say({ subAck: { st: 1, cn: 'c' } })
  script.take()
  script.say({ push: { cn: 'c', dt: 1, q: 1, id: 'p' } })
  await settle()
  assert.deepEqual(script.take(), [])
  letGo()
  await settle()
  assert.deepEqual(script.take(), [{ pushAck: { id: 'p' } }])
})

test('K-34: of 10,000 acknowledgements that are not settled the oldest is forgotten first', async () => {
  const script = new Script()
  await script.online({ st: 1, ts: 1_000 })
  script.client.subscribe('c', () => {}, { persistent: true, ack: 'received' })
  script.say({ subAck: { st: 1, cn: 'c' } })
  for (let number = 0; number < 10_002; number += 1) script.say({ push: { cn: 'c', dt: 1, q: 1, id: `m${number}` } })
  await settle()
  script.take()
  await script.lose()
  await script.online()
  const again = script.take().filter((it) => it.pushAck).map((it) => it.pushAck.id)
  assert.deepEqual([again.length, again[0], again.at(-1)], [10_000, 'm2', 'm10001'])
})

test('K-33: a push that comes again is not delivered again, but acknowledged if finished', async () => {
  const script = new Script()
  await script.online()
  const seen = []
  script.client.subscribe('c', ({ data }) => void seen.push(data))
  script.say({ subAck: { st: 1, cn: 'c' } })
  script.take()
  const push = { push: { cn: 'c', dt: 1, q: 1, id: 'p' } }
  script.say(push)
  script.say(push)
  await settle()
  script.say(push)
  await settle()
  assert.deepEqual(seen, [1])
  assert.deepEqual(script.take(), [{ pushAck: { id: 'p' } }, { pushAck: { id: 'p' } }])
})

test('K-35: stored messages without a subscription wait for one, unacknowledged', async () => {
  const script = new Script()
  await script.online()
  script.take()
  script.say({ push: { cn: '#ada', dt: 'hello', q: 1, id: 'p' } })
  await settle()
  assert.deepEqual(script.take(), [])
  const seen = []
  script.client.direct(({ data }) => void seen.push(data))
  await settle()
  assert.deepEqual(seen, ['hello'])
  assert.deepEqual(script.take(), [{ pushAck: { id: 'p' } }])
})

test('K-36: a slow subscriber drops QoS 0, and says so once at the beginning and once with the count', async () => {
  const script = new Script({ inbox: { count: 2 } })
  await script.online()
  let letGo
  const held = new Promise((resolve) => { letGo = resolve })
  script.client.subscribe('c', () => held)
  script.say({ subAck: { st: 1, cn: 'c' } })
  for (let n = 0; n < 10; n += 1) script.say({ push: { cn: 'c', dt: n } })
  letGo()
  await settle()
  const slow = script.events.filter((it) => it.name === 'slow')
  assert.deepEqual(slow.map((it) => it.dropped), [undefined, 7])
})

test('K-36: at 64 MiB the connection is left, and opened again at half', async () => {
  const script = new Script()
  await script.online()
  const letGo = []
  script.client.subscribe('c', () => new Promise((resolve) => letGo.push(resolve)), { persistent: true })
  script.say({ subAck: { st: 1, cn: 'c' } })
  const dt = 'x'.repeat(1_024 * 1_024)
  for (let n = 0; n < 66 && script.client.state === 'online'; n += 1) script.say({ push: { cn: 'c', dt, q: 1, id: `${n}` } })
  assert.equal(script.last('state').reason, 'overrun')
  await script.clock.advance(60_000)
  assert.equal(script.opened.length, 1)
  for (let n = 0; n < 40; n += 1) {
    await settle()
    letGo.shift()()
  }
  await settle()
  await script.clock.advance(1_000)
  assert.equal(script.opened.length, 2)
  await script.client.close()
})

test('K-32, K-63: data that the codec cannot decode fail the handler, and nothing else', async () => {
  const decode = (data) => {
    if (data === 'bad') throw new Error('bad data')
    return data
  }
  const script = new Script({ codec: { encode: (value) => value, decode } })
  await script.online()
  const seen = []
  script.client.subscribe('c', ({ data }) => void seen.push(data))
  script.say({ subAck: { st: 1, cn: 'c' } })
  script.say({ push: { cn: 'c', dt: 'bad' } })
  script.say({ push: { cn: 'c', dt: 'good' } })
  await settle()
  assert.deepEqual(seen, ['good'])
  assert.equal(script.last('error').error.message, 'bad data')
})

test('K-31, K-32: what one of two subscriptions failed with comes again with the next connection', async () => {
  const script = new Script()
  const seen = []
  let finish
  script.client.subscribe('c', ({ data }) => {
    seen.push(data)
    if (seen.length === 1) throw new Error('the first time')
  }, { persistent: true })
  script.client.subscribe('c', () => new Promise((done) => { finish = done }), { persistent: true })
  await script.online()
  script.say({ subAck: { st: 1, cn: 'c' } })
  script.say({ push: { cn: 'c', dt: 7, q: 1, id: '1' } })
  await settle()
  // The other one is done with it after the one that failed.
  finish()
  await settle()
  assert.equal(script.take().filter((it) => it.pushAck).length, 0)
  await script.lose()
  await script.online()
  script.say({ push: { cn: 'c', dt: 7, q: 1, id: '1' } })
  await settle()
  finish()
  await settle()
  assert.deepEqual(seen, [7, 7])
  assert.deepEqual(script.take().filter((it) => it.pushAck), [{ pushAck: { id: '1' } }])
})

test('K-30: no handler runs while frames are taken in, and those that promise nothing run one after the other', async () => {
  const script = new Script()
  await script.online()
  const order = []
  script.client.subscribe('c', ({ data }) => {
    order.push(data)
    return data === 2 ? Promise.resolve().then(() => order.push('2 is done')) : undefined
  })
  script.say({ subAck: { st: 1, cn: 'c' } })
  for (const dt of [1, 2, 3]) script.say({ push: { cn: 'c', dt } })
  order.push('all are in')
  await settle()
  assert.deepEqual(order, ['all are in', 1, 2, '2 is done', 3])
})

test('K-61: a client that connects again after it drained takes stored messages again', async () => {
  const script = new Script()
  await script.online()
  await script.client.drain()
  script.client.connect()
  await script.online()
  const seen = []
  script.client.listen('c', ({ data }) => void seen.push(data))
  script.say({ push: { cn: 'c', dt: 7, q: 1, id: '1' } })
  await settle()
  assert.deepEqual(seen, [7])
})
