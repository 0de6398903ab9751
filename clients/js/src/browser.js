/** The client in browsers: a WebSocket, hints from the page, and a worker's clock while it is hidden. */

import { askForToken } from './authenticate.js'
import { Client } from './client.js'
import { systemClock } from './clock.js'
import { pageClock } from './page-clock.js'
import { openWebSocket } from './websocket.js'

export { Client } from './client.js'
export { RialtoError, Unauthorized } from './errors.js'

export function connect(address, options) {
  const addresses = [address].flat()
  const env = {
    address: addresses[0],
    clock: options.clock ?? pageClock(options.timers ?? 'auto'),
    random: options.random ?? Math.random,
    open: opener(options),
    hints: listenForHints,
  }
  return new Client(env, addresses, options)
}

export async function authenticate(address, auth, options = {}) {
  return askForToken({ clock: systemClock, open: opener(options) }, address, auth)
}

function opener({ WebSocket = globalThis.WebSocket }) {
  return (to, events) => openWebSocket(WebSocket, to, events)
}

/** Calls `wake` when the page or the network is back; `offline` means nothing (K-8). Returns how to stop. */
function listenForHints(wake) {
  if (typeof document === 'undefined') return () => {}
  const visible = () => document.visibilityState === 'visible' && wake()
  const shown = (event) => event.persisted && wake()
  const pairs = [
    [globalThis, 'online', wake], [document, 'visibilitychange', visible],
    [globalThis, 'pageshow', shown], [document, 'resume', wake],
  ]
  for (const [target, name, act] of pairs) target.addEventListener(name, act)
  return () => {
    for (const [target, name, act] of pairs) target.removeEventListener(name, act)
  }
}
