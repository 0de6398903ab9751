/** What a client says when something did not go well (clause K-2). */

/** Reasons after which a client does not try again by itself (K-3). */
const FINAL = ['asked', 'taken-over', 'removed', 'refused', 'unauthorized', 'identity-changed', 'gave-up']

/**
 * Says whether `reason` ends the client until the application connects again.
 * @param {string} reason
 * @param {boolean} asksForCredentials whether credentials are a function, which may bring new ones
 */
export function isFinal(reason, asksForCredentials) {
  return FINAL.includes(reason) || (reason === 'withdrawn' && !asksForCredentials)
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

/**
 * Makes the error of what may succeed later.
 * @param {string} message
 * @param {import('../index.js').Reason} reason
 * @param {number} [status]
 */
export function temporary(message, reason, status) {
  return new RialtoError(message, reason, { status, temporary: true })
}

/** Makes the error of a request that the broker answered with `status`. */
export function refusal(what, status, text) {
  const message = `${what} was answered with status ${status}${text ? `: ${text}` : ''}`
  return status === 5 ? temporary(message, 'server-error', status) : new RialtoError(message, 'refused', { status })
}

/** Makes the error of what cannot be done without a connection: status 9. */
export function offline(what) {
  return temporary(`${what}: not connected`, 'unreachable', 9)
}

/** Why calls fail that the end of a client leaves unanswered. */
export function ending(reason) {
  return new RialtoError(`the client is closed: ${reason}`, reason)
}
