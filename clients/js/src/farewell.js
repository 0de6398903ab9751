/** Why a connection ended, read from the server's last words. */

/** The server's words for the end of a session (J-128), and this client's reasons: the table of K-19. */
export const WORDS = {
  'taken-over': 'taken-over', removed: 'removed', withdrawn: 'withdrawn', refused: 'refused', 'shutting-down': 'server-stopping',
  'too-many-connections': 'server-full', 'listener-full': 'server-full', 'too-many-from-address': 'server-full',
  'packet-too-large': 'too-large', 'slow-consumer': 'overrun', 'too-many-unacknowledged': 'overrun',
  internal: 'server-error', crashed: 'server-error', silent: 'lost', ended: 'lost', asked: 'lost', 'not-authenticated': 'lost',
  'invalid-text': 'lost', 'binary-message': 'lost', 'framing-lost': 'lost', 'protocol-error': 'lost',
}
/** A server of before says no word: its text is read. */
/** @type {[RegExp, string][]} */
const TEXTS = [
  [/^taken over/, 'taken-over'], [/^access was withdrawn/, 'withdrawn'], [/the most allowed/, 'server-full'],
  [/^slow consumer|unacknowledged$/, 'overrun'],
]

/** Returns the reason that a word or a text of the server names, if it does. */
export function reasonNamed(word, text) {
  return WORDS[word] ?? TEXTS.find(([pattern]) => pattern.test(text))?.[1]
}

/** Returns the reason of a `connAck` that ends a session. */
export function reasonOfConnAck(body) {
  const text = typeof body.mg === 'string' ? body.mg : ''
  const named = reasonNamed(body.rs, text)
  if (named) return named
  if (body.st === 5) return 'server-error'
  if (body.st === 6) return 'withdrawn'
  if (body.st === 10) return 'too-large'
  if (body.st === 7) return 'removed'
  return 'lost'
}

/** Returns the reason of a WebSocket's close code and text. */
export function reasonOfClose(code, text = '') {
  const named = reasonNamed(text.split(/[\s:]/, 1)[0], text)
  if (named) return named
  if (code === 1001 || code === 1012) return 'server-stopping'
  if (code === 1008) return 'removed'
  if (code === 1009) return 'too-large'
  if (code === 1011) return 'server-error'
  if (code === 1013) return 'server-full'
  return 'lost'
}
