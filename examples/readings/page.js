// Shows each channel: its history from the broker, its retained value, and what comes from now on.

import { connect } from './client/browser.js'

const CHANNELS = [
  ['machine/temperature', '°F'], ['office/temperature', '°F'], ['server/latency', 'ms'],
]
const POINTS = 500

function chart(channel, unit) {
  const section = document.querySelector('template').content.firstElementChild.cloneNode(true)
  const part = (name) => section.querySelector(name)
  let readings = []
  section.dataset.channel = channel
  part('h2').textContent = channel
  document.querySelector('main').append(section)

  function draw() {
    const values = readings.map(({ value }) => value)
    const [low, high] = [Math.min(...values), Math.max(...values)]
    const y = (value) => 115 - (110 * (value - low)) / (high - low || 1)
    const x = (at) => 500 - ((readings.length - 1 - at) * 500) / (POINTS - 1)
    part('polyline').setAttribute('points', values.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' '))
    part('svg').setAttribute('aria-label', `${values.length} readings from ${low} to ${high} ${unit}`)
    part('output').textContent = `${values.at(-1)?.toFixed(1) ?? '–'} ${unit}`
    part('time').textContent = readings.at(-1)?.time.replace('T', ' ') ?? ''
    if (values.length > 0) part('.range').textContent = `${low.toFixed(1)} to ${high.toFixed(1)} ${unit}, last ${values.length} readings`
  }

  let planned = false
  return (more) => {
    // History, retained value and live readings overlap; they are in order of time.
    const last = readings.at(-1)?.time ?? ''
    readings = [...readings, ...more.filter(({ time }) => time > last)].slice(-POINTS)
    if (!planned) requestAnimationFrame(() => { planned = false; draw() })
    planned = true
  }
}

const { websocket } = await (await fetch('settings')).json()
const client = connect(websocket, { credentials: { auth: { client_name: `page-${crypto.randomUUID()}` } } })
client.on('state', ({ state }) => { document.getElementById('state').textContent = state })

for (const [channel, unit] of CHANNELS) {
  const add = chart(channel, unit)
  const early = []
  let take = ({ data }) => early.push(data)
  // Subscribed first, so that nothing is missed between the history and what is live.
  await client.subscribe(channel, (message) => take(message)).ready()
  add(await (await fetch(`history/${encodeURIComponent(channel)}`)).json())
  for (const reading of early.sort((a, b) => (a.time < b.time ? -1 : 1))) add([reading])
  take = ({ data }) => add([data])
}
