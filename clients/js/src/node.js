/** The client under Node: sockets of `node:net` and `node:tls`, and a WebSocket where there is one. */

import { Client } from './client.js'
import { systemClock } from './clock.js'
import { openSocket } from './socket.js'
import { openWebSocket } from './websocket.js'
import { NodeWebSocket } from './node-websocket.js'

export { Client } from './client.js'
export { RialtoError, Unauthorized } from './errors.js'

export function connect(address, options) {
  const addresses = [address].flat()
  const WebSocket = options.WebSocket ?? NodeWebSocket.with(options.tls)
  const env = {
    address: addresses[0],
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    open: (to, events) => (/^wss?:/.test(to) ? openWebSocket(WebSocket, to, events) : openSocket(to, events, options.tls)),
  }
  return new Client(env, addresses, options)
}
