/** Why a connection ended, read from the server's last words. */

/** The server's words for the end of a session, and this client's reasons. */
const WORDS = {
  'taken-over': 'taken-over', takeover: 'taken-over', removed: 'removed', withdrawn: 'withdrawn', expired: 'withdrawn',
  stopping: 'server-stopping', shutdown: 'server-stopping', full: 'server-full', 'too-large': 'too-large',
  idle: 'lost', 'server-stopping': 'server-stopping', 'server-full': 'server-full', slow: 'lost',
}
/** Until a server sends words of its own, its text tells a takeover from a removal. */
const TAKEN_OVER = /connected (elsewhere|again)|another connection|taken over|takes? over/i

/** Returns the reason of a `connAck` that ends a session. */
export function reasonOfConnAck(body) {
  const text = typeof body.mg === 'string' ? body.mg : ''
  if (WORDS[body.rs]) return WORDS[body.rs]
  if (body.st === 5) return 'server-error'
  if (body.st === 6) return 'withdrawn'
  if (body.st === 10) return 'too-large'
  if (body.st === 7) return TAKEN_OVER.test(text) ? 'taken-over' : 'removed'
  return 'lost'
}

/** Returns the reason of a WebSocket's close code and text. */
export function reasonOfClose(code, text = '') {
  const word = WORDS[text.split(/[\s:]/, 1)[0]]
  if (word) return word
  if (code === 1001) return 'server-stopping'
  if (code === 1008) return TAKEN_OVER.test(text) ? 'taken-over' : 'removed'
  if (code === 1009) return 'too-large'
  if (code === 1013) return 'server-full'
  return 'lost'
}
