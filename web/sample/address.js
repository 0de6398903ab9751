/** Where the broker is: it says so itself where it serves this page, and `broker.json` does elsewhere. */

/** Returns the address of the broker's WebSocket, as the page's own protocol can reach it. */
export async function listenerAddress() {
  const { listeners } = await (await fetch('broker.json')).json()
  const secure = location.protocol === 'https:'
  const fitting = listeners.filter(({ tls }) => tls !== (secure ? 'off' : 'require'))
  const found = fitting.find(({ name }) => name.startsWith('w')) ?? fitting[0]
  const host = found?.host ?? location.hostname
  return `${secure ? 'wss' : 'ws'}://${host}:${found?.port ?? 8012}`
}
