/** The client under Node: sockets of `node:net` and `node:tls`, and a WebSocket where there is one. */

import { askForToken } from './authenticate.js'
import { Client } from './client.js'
import { systemClock } from './clock.js'
import { openSocket } from './socket.js'
import { openWebSocket } from './websocket.js'
import { NodeWebSocket } from './node-websocket.js'

export { Client } from './client.js'
export { RialtoError, Unauthorized } from './errors.js'

export function connect(address, options) {
  const addresses = [address].flat()
  const env = {
    address: addresses[0],
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    open: opener(options),
  }
  return new Client(env, addresses, options)
}

export async function authenticate(address, auth, options = {}) {
  return askForToken({ clock: systemClock, open: opener(options) }, address, auth)
}

/** @param {{ tls?: object, WebSocket?: any }} options */
function opener({ tls, WebSocket = NodeWebSocket.with(tls) }) {
  return (to, events) => (/^wss?:/.test(to) ? openWebSocket(WebSocket, to, events) : openSocket(to, events, tls))
}
