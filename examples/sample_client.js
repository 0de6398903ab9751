// The sample client of the JMQT guide: subscribes for good, publishes the time, and prints what it is pushed.
//
//   node examples/sample_client.js [ADDRESS [NAME]]

import { connect } from '../clients/js/src/node.js'

const CHANNEL = 'mychannel'
const PUBLISH_MS = 10_000

const [address = 'jmqt://127.0.0.1:8010', name = 'jsclient1'] = process.argv.slice(2)

const show = ({ channel, from, data, qos, retained }) => {
  console.log(`data on '${channel}' from ${from || 'the server'}: ${JSON.stringify(data)} (QoS ${qos}, retained: ${retained})`)
}

const client = connect(address, { credentials: { auth: { client_name: name } } })
// Connecting again, and subscribing and publishing again, is the library's work: here it is only told.
client.on('state', ({ state, reason }) => console.log(reason ? `${state} ${reason}` : state))
client.listen('update', show) // The guide's server subscribes every client to it.
client.direct(show)
client.subscribe(CHANNEL, show, { persistent: true })

const publish = async () => {
  try {
    await client.publish(CHANNEL, new Date().toISOString(), { qos: 1, retain: true })
    console.log(`published on '${CHANNEL}'`)
  } catch (error) {
    console.error(`not published: ${error.message}`)
  }
}
await client.ready()
await publish()
const timer = setInterval(publish, PUBLISH_MS)

process.once('SIGINT', async () => {
  clearInterval(timer)
  await client.close()
})
