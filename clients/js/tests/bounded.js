/** Bounds for the steps of tests: one that stands still fails, and says which it was and how things were then. */

const STEP_MS = 30_000
const LOOK_MS = 2_000
/** Calls of Playwright that may wait for a page or a browser without an end; locators have their own bound. */
const STEPS = ['addScriptTag', 'close', 'evaluate', 'goBack', 'goto', 'newContext', 'newPage', 'reload', 'waitForFunction']

/**
 * Waits for `promise`, but no longer than `limit` milliseconds.
 * @template T
 * @param {string} step what the error names
 * @param {Promise<T>} promise
 * @param {{ limit?: number, look?: () => unknown }} [more] `look` returns, perhaps later, what the error is to say besides
 * @returns {Promise<T>}
 */
export async function within(step, promise, { limit = STEP_MS, look = () => '' } = {}) {
  let timer
  const over = Symbol('over')
  const first = await Promise.race([promise, new Promise((resolve) => { timer = setTimeout(resolve, limit, over) })])
    .finally(() => clearTimeout(timer))
  if (first !== over) return first
  throw new Error(`${step} stood still for ${limit} ms. ${await look()}`)
}

/** Asks `holds` again and again, at most for the time of a step, until it says true. */
export async function becomes(step, holds, look = () => '') {
  for (const end = Date.now() + STEP_MS; !await holds();) {
    if (Date.now() > end) throw new Error(`${step} did not come within ${STEP_MS} ms. ${await look()}`)
  }
}

/** Returns `target`, a browser, a context or a page of Playwright, with a bound for each step; what it makes has them too. */
export function bounded(target, name = 'browser') {
  const look = () => (name === 'page' ? stateOf(target) : '')
  return new Proxy(target, {
    get(_, key) {
      const value = target[key]
      if (typeof value !== 'function') return value
      if (!STEPS.includes(key)) return value.bind(target)
      return async (...given) => {
        const made = await within(`${name}.${key}(${String(given[0] ?? '').slice(0, 120)})`, value.apply(target, given), { look })
        if (key === 'newPage') return bounded(made, 'page')
        return key === 'newContext' ? bounded(made, 'context') : made
      }
    },
  })
}

/** Says where a page is and what became of its client, unless it is too far gone to say anything. */
async function stateOf(page) {
  const state = page.evaluate(() => JSON.stringify({
    url: location.href, visible: document.visibilityState, client: window.client?.state,
    states: window.states?.slice(-5), events: window.events?.slice(-5), seen: window.seen?.length,
  }))
  return within('the page', state, { limit: LOOK_MS }).catch((error) => `no answer: ${error.message}`)
}
