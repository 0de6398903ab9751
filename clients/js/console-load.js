/**
 * The console against a broker with many clients and channels: `npm run console-load`, or with `-- --short` a minute's form.
 *
 * It says how long lists took to answer (of which nine of ten, and the slowest), how long the longest task of the page was, and
 * what a tab's memory did while a tail was open; and ends with 1 if a bound is not kept.
 */

import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'

import { connect } from './src/node.js'
import { Stage } from './tests/console-stage.js'

const LIST_MS = 200
const TASK_MS = 50
const GROWTH = 1.25

const { values: { short, channels, clients, online, minutes } } = parseArgs({ options: {
  short: { type: 'boolean', default: false }, channels: { type: 'string' }, clients: { type: 'string' }, online: { type: 'string' }, minutes: { type: 'string' },
} })
const wanted = {
  channels: Number(channels ?? (short ? 2_000 : 100_000)), clients: Number(clients ?? (short ? 500 : 100_000)),
  online: Number(online ?? (short ? 50 : 4_000)), seconds: 60 * Number(minutes ?? (short ? 0.3 : 10)),
}

/** Does something for each number below `count`, so many at a time. */
async function each(count, width, work) {
  let next = 0
  await Promise.all(Array.from({ length: width }, async () => { while (next < count) await work(next++) }))
}

const stage = await Stage.open()
const live = []
let failed = false

/** Says a figure, and whether its bound is kept. */
function tell(what, is, most, unit) {
  const isKept = is <= most
  failed ||= !isKept
  console.log(`${isKept ? 'ok  ' : 'OVER'} ${what}: ${Math.round(is * 10) / 10} ${unit}, at most ${most} ${unit}`)
}

async function fill() {
  const began = performance.now()
  await each(Math.ceil(wanted.channels / 1_000), 4, (part) => {
    const messages = Array.from({ length: Math.min(1_000, wanted.channels - part * 1_000) }, (_, n) => ({ channel: `load/${part * 1_000 + n}`, payload: n, retain: true }))
    return stage.ask('POST', '/v1/publish/batch', JSON.stringify({ messages }))
  })
  await each(wanted.clients, 64, (n) => stage.ask('POST', `/v1/clients/load-${n}/subscriptions`, `{"channel":"load/${n % wanted.channels}","persistent":true}`))
  await each(wanted.online, 64, async (n) => {
    const client = connect(stage.broker.address('jmqt'), { credentials: { auth: { client_name: `load-${n}` } } })
    live.push(client)
    await client.ready()
  })
  console.log(`${wanted.channels} channels, ${wanted.clients} clients, ${wanted.online} of them online, after ${Math.round((performance.now() - began) / 1_000)} s`)
}

const watched = async (path) => {
  const opened = await stage.page(path)
  await opened.page.evaluate(() => {
    window.tasks = []
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((it) => it.duration))).observe({ type: 'longtask' })
  })
  return opened
}

const longest = async (page) => Math.max(0, ...await page.evaluate(() => window.tasks))

async function lists() {
  for (const path of ['/clients', '/clients?sort=lag', '/clients?contains=99', '/channels', '/channels?sort=out_rate', '/channels?contains=99']) {
    const { page, done } = await watched(path)
    await page.locator('tbody tr').first().waitFor()
    const times = await page.evaluate(async () => {
      await new Promise((resolve) => { setTimeout(resolve, 9_000) })
      return performance.getEntriesByType('resource').filter((it) => /\/v1\/(clients|channels)\?/.test(it.name)).map((it) => it.responseEnd - it.startTime)
    })
    // The first one counts; all others stand on counts that are there.
    const [, ...later] = times
    later.sort((one, other) => one - other)
    tell(`${path}, nine of ten of ${later.length} answers`, later[Math.floor(later.length * 0.9) - 1] ?? later.at(-1), LIST_MS, 'ms')
    tell(`${path}, the longest task`, await longest(page), TASK_MS, 'ms')
    await done()
  }
}

async function tail() {
  const { page, done } = await watched('/channels/load%2F0')
  const tools = await page.context().newCDPSession(page)
  const heap = async () => {
    await tools.send('HeapProfiler.collectGarbage')
    return (await tools.send('Runtime.getHeapUsage')).usedSize / 1_048_576
  }
  const end = performance.now() + wanted.seconds * 1_000
  let first
  for (let n = 0; performance.now() < end; n += 1) {
    const messages = Array.from({ length: 40 }, (_, at) => ({ channel: 'load/0', payload: { n: n * 40 + at, text: 'x'.repeat(200) } }))
    await stage.ask('POST', '/v1/publish/batch', JSON.stringify({ messages }))
    await new Promise((resolve) => { setTimeout(resolve, 500) })
    // Once there are as many rows as a page holds, memory has no reason to grow.
    if (first === undefined && await page.locator('.tail-row').count() >= 500) first = await heap()
  }
  const last = await heap()
  tell(`memory of a tab after ${wanted.seconds} s of tail, beside ${Math.round(first ?? last)} MiB`, last / (first ?? last), GROWTH, 'times')
  tell('the longest task of the tail', await longest(page), TASK_MS, 'ms')
  await done()
}

try {
  await fill()
  await lists()
  await tail()
} finally {
  await Promise.all(live.map((client) => client.close().catch(() => {})))
  await stage.close()
}
process.exitCode = failed ? 1 : 0
