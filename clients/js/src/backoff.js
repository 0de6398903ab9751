/** How long a client waits before it tries again (K-6). */

const SHORTEST_MS = 100
const LONGEST_MS = 20_000
const FIRST_MS = 1_000
/** Waits that a reason asks for: a server that stops or is full is not to be asked at once. */
const AT_LEAST = { 'server-stopping': [1_000, 5_000], 'server-full': [5_000, 20_000] }

/**
 * Returns the wait before round `round` (from 0), in milliseconds.
 * @param {() => number} random evenly between 0 and 1
 */
export function waitBefore(round, reason, random) {
  const upper = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(round, 10))
  const wait = between(SHORTEST_MS, upper, random)
  const least = AT_LEAST[reason]
  return least ? Math.max(wait, between(least[0], least[1], random)) : wait
}

export function between(low, high, random) {
  return low + (high - low) * random()
}

/** Returns the items in random order. */
export function shuffled(items, random) {
  const order = [...items]
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1))
    ;[order[last], order[other]] = [order[other], order[last]]
  }
  return order
}
