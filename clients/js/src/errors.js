/** What a client says when something did not go well (clause K-2). */

/** Reasons after which a client does not try again by itself (K-3). */
const FINAL = new Set([
  'asked', 'taken-over', 'removed', 'refused', 'unauthorized', 'identity-changed', 'gave-up',
])

/**
 * Says whether `reason` ends the client until the application connects again.
 * @param {string} reason
 * @param {boolean} asksForCredentials whether credentials are a function, which may bring new ones
 */
export function isFinal(reason, asksForCredentials) {
  return FINAL.has(reason) || (reason === 'withdrawn' && !asksForCredentials)
}

export class RialtoError extends Error {
  /**
   * @param {string} message
   * @param {import('../index.js').RialtoError['reason']} reason
   * @param {{ status?: number, temporary?: boolean, cause?: unknown }} [about]
   */
  constructor(message, reason, { status, temporary = false, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'RialtoError'
    this.reason = reason
    this.status = status
    this.temporary = temporary
  }
}

export class Unauthorized extends Error {
  constructor(message = 'the credentials were refused') {
    super(message)
    this.name = 'Unauthorized'
  }
}

/** Makes the error of a request that the broker answered with `status`. */
export function refusal(what, status, text) {
  const temporary = status === 5
  const said = text ? `: ${text}` : ''
  return new RialtoError(`${what} was answered with status ${status}${said}`, temporary ? 'server-error' : 'refused',
    { status, temporary })
}

/**
 * Makes the error of what cannot be done without a connection: status 9.
 * @param {string} what
 * @param {import('../index.js').Reason} [reason]
 */
export function offline(what, reason = 'unreachable') {
  return new RialtoError(`${what}: not connected`, reason, { status: 9, temporary: true })
}
