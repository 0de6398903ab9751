/** What happens at the bounds of outbox and inbox, and after a session that was resumed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { pageClock } from '../src/page-clock.js'
import { Script, settle } from './script.js'

const outcomeOf = (promise) => promise.then(() => 'done', (error) => error.reason)

test('K-43: drop-oldest fails the oldest that never left, and keeps what did', async () => {
  const script = new Script({ outbox: { count: 2, full: 'drop-oldest' } })
  await script.online()
  script.take()
  const sent = [script.client.publish('c', 1, { qos: 1 }), script.client.publish('c', 2, { qos: 1 })].map(outcomeOf)
  // Both have left, so there is nothing that could make room.
  await assert.rejects(script.client.publish('c', 3, { qos: 1 }), { reason: 'overrun', temporary: true })
  for (const { pub } of script.take()) script.say({ pubAck: { st: 1, id: pub.id } })
  assert.deepEqual(await Promise.all(sent), ['done', 'done'])

  script.connection.closed({ code: 1006 })
  const offline = [3, 4, 5].map((data) => outcomeOf(script.client.publish('c', data, { qos: 1 })))
  await settle()
  assert.equal(script.last('publish').outcome, 'failed')
  await script.clock.advance(20_000)
  await script.online()
  const again = script.take().filter((it) => it.pub)
  assert.deepEqual(again.map((it) => it.pub.dt), [4, 5])
  for (const { pub } of again) script.say({ pubAck: { st: 1, id: pub.id } })
  assert.deepEqual(await Promise.all(offline), ['overrun', 'done', 'done'])
})

test('K-36: a client that can stop reading does so at the bound, and goes on when there is room', async () => {
  const script = new Script({ inbox: { count: 2 } })
  const reads = []
  script.more = { pause: () => reads.push('pause'), resume: () => reads.push('resume') }
  await script.online()
  const release = []
  const seen = []
  script.client.subscribe('c', ({ data }) => {
    seen.push(data)
    return new Promise((done) => release.push(done))
  })
  await settle()
  script.say({ subAck: { st: 1, cn: 'c' } })
  for (const dt of [1, 2, 3]) script.say({ push: { cn: 'c', dt, q: 1, id: `${dt}` } })
  assert.deepEqual(reads, ['pause'])
  // Time in which the client does not read is no silence of the server's (K-17).
  await script.clock.advance(120_000)
  assert.equal(script.client.state, 'online')
  await settle()
  release.shift()()
  await settle()
  assert.deepEqual([reads, seen], [['pause', 'resume'], [1, 2]])
  assert.equal(script.events.filter((it) => it.name === 'slow').length, 0)
})

test('K-36: while a call waits for its answer, reading goes on', async () => {
  const script = new Script({ inbox: { count: 1 } })
  const reads = []
  script.more = { pause: () => reads.push('pause'), resume: () => reads.push('resume') }
  await script.online()
  script.client.subscribe('c', () => new Promise(() => {}))
  script.client.publish('other', 1, { qos: 1 })
  await settle()
  script.say({ subAck: { st: 1, cn: 'c' } })
  for (const dt of [1, 2, 3]) script.say({ push: { cn: 'c', dt, q: 1, id: `${dt}` } })
  assert.deepEqual(reads, [])
})

for (const [said, gap] of [[{ resumed: 1 }, false], [{}, true]]) {
  test(`K-24: a restored subscription has ${gap ? 'a' : 'no'} gap after connAck ${JSON.stringify(said)}`, async () => {
    const script = new Script()
    script.client.subscribe('c', () => {})
    await script.online()
    script.say({ subAck: { st: 1, cn: 'c' } })
    await script.lose()
    await script.online({ st: 1, ts: 15, ...said })
    script.say({ subAck: { st: 1, cn: 'c' } })
    const { state, restored, gap: told } = script.last('subscription')
    assert.deepEqual([state, restored, told], ['active', true, gap])
  })
}

test('K-33, K-34: a resumed session brings no message a second time to a handler that has it', async () => {
  for (const [resumed, count] of [[1, 1], [0, 2]]) {
    const script = new Script()
    const seen = []
    script.client.subscribe('c', ({ data }) => void seen.push(data))
    await script.online()
    script.say({ subAck: { st: 1, cn: 'c' } })
    script.say({ push: { cn: 'c', dt: 7, q: 1, id: '1' } })
    await settle()
    await script.lose()
    await script.online({ st: 1, ts: 15, resumed })
    script.say({ push: { cn: 'c', dt: 7, q: 1, id: '1' } })
    await settle()
    assert.equal(seen.length, count)
  }
})

test('K-27: direct messages are taken by who asked before the client had an id', async () => {
  const script = new Script({ credentials: async () => ({ client: 'ada', token: 't' }) })
  const seen = []
  const direct = script.client.direct(({ data }) => void seen.push(data))
  await script.online()
  script.say({ push: { cn: '#ada', dt: 'hello', cl: 'bob' } })
  script.say({ push: { cn: '#ada', dt: 'stored', cl: 'bob', q: 1, id: '1' } })
  await settle()
  assert.deepEqual([seen, direct.channel], [['hello', 'stored'], '#ada'])
  assert.ok(script.take().some((it) => it.pushAck?.id === '1'))
})

test('K-16: a page keeps its own time where workers are forbidden', async () => {
  const { document, Worker } = globalThis
  globalThis.document = {}
  globalThis.Worker = class {
    constructor() {
      throw new Error('forbidden')
    }
  }
  try {
    const clock = pageClock('auto')
    const order = []
    clock.clear(clock.set(1, () => order.push('cleared')))
    await new Promise((resolve) => {
      clock.set(2, () => order.push('first'))
      clock.set(20, resolve)
    })
    assert.deepEqual(order, ['first'])
  } finally {
    Object.assign(globalThis, { document, Worker })
  }
})

test('K-16: whichever of worker and page is first fires a timer, once, and the last timer ends the worker', async () => {
  const { document, Worker } = globalThis
  const posted = []
  let made
  globalThis.document = {}
  globalThis.Worker = class {
    ended = false
    constructor() {
      made = this
    }

    postMessage(message) {
      posted.push(message)
    }

    terminate() {
      this.ended = true
    }
  }
  try {
    const clock = pageClock('auto')
    let fired = 0
    const id = clock.set(60_000, () => { fired += 1 })
    assert.deepEqual(posted, [[id, 60_000]])
    made.onmessage({ data: id })
    made.onmessage({ data: id })
    assert.deepEqual([fired, made.ended], [1, true])
  } finally {
    Object.assign(globalThis, { document, Worker })
  }
})
