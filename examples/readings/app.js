// Publishes the readings of a file, and serves the page that shows them: node app.js FILE [--rate N]
// Each line of the file is a reading: {"channel": "office/temperature", "time": "2013-07-04T00:00:00", "value": 69.9}

import { createReadStream, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { connect } from '../../clients/js/src/node.js'

const { values: options, positionals: [file] } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string', default: '20' },                        // readings a second
    broker: { type: 'string', default: 'jmqt://127.0.0.1:8010' },
    websocket: { type: 'string', default: 'ws://127.0.0.1:8012' },  // what the page connects to
    api: { type: 'string', default: 'http://127.0.0.1:8080' },
    key: { type: 'string', default: 'a key for trying things out' },
    port: { type: 'string', default: '8090' },
  },
})

const client = connect(options.broker, { credentials: { auth: { client_name: 'readings' } } })
client.on('state', ({ state, reason }) => console.log('broker:', state, reason ?? ''))

async function publishAll() {
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { channel, ...reading } = JSON.parse(line)
    // Retained: whoever subscribes later gets the last value at once. QoS 1: it is published once the broker has stored it,
    // so that while the broker is away this waits, and goes on where it was.
    await client.publish(channel, reading, { qos: 1, retain: true })
    await pause(1_000 / Number(options.rate))
  }
  await client.drain()
  console.log('all readings are published')
}

// The page may not have the key, so its history is asked for here.
async function history(channel) {
  const url = `${options.api}/v1/channels/${encodeURIComponent(channel)}/history`
  const answer = await fetch(url, { headers: { 'x-api-key': options.key } })
  const { messages = [] } = await answer.json()
  return JSON.stringify(messages.map(({ payload }) => payload))
}

const TYPES = { html: 'text/html; charset=utf-8', css: 'text/css', js: 'text/javascript' }
const FILES = { '': './index.html', 'page.js': './page.js', 'page.css': './page.css' }

async function answer(path) {
  if (path === 'settings') return ['js', JSON.stringify({ websocket: options.websocket })]
  if (path.startsWith('history/')) return ['js', await history(decodeURIComponent(path.slice(8)))]
  const client = /^client\/([a-z-]+\.js)$/.exec(path)
  const found = client ? `../../clients/js/src/${client[1]}` : FILES[path]
  return [found.split('.').at(-1), readFileSync(new URL(found, import.meta.url))]
}

const server = createServer((request, response) => {
  answer(request.url.slice(1).split('?')[0]).then(
    ([type, body]) => response.setHeader('content-type', TYPES[type]).end(body),
    () => response.writeHead(404).end('there is nothing here'),
  )
})
server.listen(Number(options.port), '127.0.0.1', () => console.log(`open http://127.0.0.1:${server.address().port}/`))
await publishAll()
