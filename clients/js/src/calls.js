/** What calls of the application return and are given. */

export const nothing = () => {}

/** No promise that the application leaves alone becomes an unhandled rejection (K-63). */
export function quiet(promise) {
  promise.catch(nothing)
  return promise
}

export function failed(error) {
  return quiet(Promise.reject(error))
}

/** Calls `act` with the reason once `signal` is aborted; returns how to stop waiting for that. */
export function onAbort(signal, act) {
  if (!signal) return nothing
  const aborted = () => act(signal.reason)
  signal.addEventListener('abort', aborted, { once: true })
  return () => signal.removeEventListener('abort', aborted)
}
