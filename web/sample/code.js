/** What an application writes for each step. */

const quoted = (value) => `'${String(value).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** Returns `, { … }` of what differs from the default. */
function options(given) {
  const said = Object.entries(given).filter(([, value]) => value).map(([name, value]) => `${name}: ${value}`)
  return said.length > 0 ? `, { ${said.join(', ')} }` : ''
}

export const codeFor = {
  auth: ({ address, name, password }) => `import { authenticate, connect } from 'rialto-client'

const credentials = await authenticate(${quoted(address)},
  { client_name: ${quoted(name)}${password ? ', password' : ''} })`,

  conn: ({ address }) => `const client = connect(${quoted(address)}, { credentials })
client.direct(({ from, data }) => console.log(from, data))
await client.ready()`,

  leave: () => 'await client.close()',

  sub: ({ channel, persistent }) => `const subscription = client.subscribe(${quoted(channel)},
  ({ from, data }) => console.log(from, data)${options({ persistent })})
await subscription.ready()`,

  unsub: () => 'await subscription.unsubscribe()',

  pub: ({ channel, data, qos, retain }) =>
    `await client.publish(${quoted(channel)}, ${JSON.stringify(data)}${options({ qos, retain })})`,

  send: ({ peer, data }) => `await client.send(${quoted(peer)}, ${JSON.stringify(data)}, { qos: 1 })`,
}
