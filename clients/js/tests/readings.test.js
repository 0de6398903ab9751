/** The example of the readings: its program, its page in Chromium, and a real broker with its settings. */

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { connect } from 'rialto-client'
import { Broker } from './broker.js'
import { launch } from './page.js'

const EXAMPLE = new URL('../../../examples/readings/', import.meta.url).pathname
const COUNT = 60
const CHANNELS = ['machine/temperature', 'office/temperature', 'server/latency']

let directory
let broker
let browser
const programs = []

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rialto-readings-'))
  broker = await Broker.start(['--config', join(EXAMPLE, 'rialto.toml')], { http: true })
  browser = await launch()
})

after(async () => {
  for (const program of programs) program.kill()
  await browser?.close()
  await broker?.stop()
  rmSync(directory, { recursive: true, force: true })
})

/** Starts the program with a file, and returns where its page is and when it has published everything. */
async function start(file, rate) {
  const program = spawn('node', [
    join(EXAMPLE, 'app.js'), file, '--port', '0', '--rate', String(rate), '--broker', broker.address('jmqt'),
    '--websocket', broker.address('ws'), '--api', broker.http,
  ])
  programs.push(program)
  let said = ''
  const when = (pattern) => new Promise((resolve, reject) => {
    const look = () => pattern.test(said) && resolve(pattern.exec(said)[1])
    for (const stream of [program.stdout, program.stderr]) stream.on('data', (bytes) => { said += bytes; look() })
    program.once('exit', () => reject(new Error(said)))
    look()
  })
  const published = when(/all readings are (published)/)
  published.catch(() => {})
  return { address: await when(/open (\S+)/), published }
}

async function showsAll(address) {
  const page = await browser.newPage()
  const complaints = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(address)
  for (const channel of CHANNELS) {
    await page.waitForFunction(([name, count]) => document.querySelector(`[data-channel="${name}"] polyline`)
      ?.getAttribute('points')?.split(' ').length === count, [channel, COUNT])
  }
  assert.deepEqual(complaints, [])
  return page
}

test('readings are shown live, kept over a restart of the broker, and the last ones retained', async () => {
  const file = join(directory, 'readings.jsonl')
  writeFileSync(file, execFileSync('node', [join(EXAMPLE, 'make-readings.js'), String(COUNT)]))
  const first = await start(file, 1_000)
  const page = await showsAll(first.address)
  await first.published
  const last = JSON.parse(readFileSync(file, 'utf8').trim().split('\n').at(-1))
  const shown = await page.locator(`[data-channel="${last.channel}"] output`).textContent()
  assert.equal(shown, `${last.value.toFixed(1)} ms`)

  // The second page gets nothing but what the broker has kept.
  await broker.kill('SIGTERM')
  await broker.run()
  writeFileSync(file, '')
  await showsAll((await start(file, 1)).address)

  const client = connect(broker.address('jmqt'), { credentials: { auth: { client_name: 'late' } } })
  const { data, retained } = await new Promise((resolve) => client.subscribe(last.channel, resolve))
  assert.deepEqual([data, retained], [{ time: last.time, value: last.value }, true])
  await client.close()
})

test('the example is short enough to be read', () => {
  const sources = readdirSync(EXAMPLE).filter((name) => /\.(js|html|css|toml)$/.test(name))
  const lines = sources.map((name) => readFileSync(join(EXAMPLE, name), 'utf8').split('\n').length - 1)
  assert.ok(lines.reduce((one, other) => one + other) < 200, `${lines}`)
})
