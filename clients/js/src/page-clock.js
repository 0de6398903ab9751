/** A page's clock, which a worker keeps while timers of the page sleep (K-16). */

import { systemClock } from './clock.js'

const WORKER = `const timers = new Map()
onmessage = ({ data: [id, wait] }) => {
  clearTimeout(timers.get(id))
  timers.delete(id)
  if (wait !== undefined) timers.set(id, setTimeout(() => { timers.delete(id); postMessage(id) }, wait))
}`

/** @param {'auto' | 'page'} timers */
export function pageClock(timers) {
  if (timers === 'page' || typeof document === 'undefined' || typeof Worker === 'undefined') return systemClock
  let worker
  const acts = new Map()
  let last = 0
  const fire = (id) => {
    const entry = acts.get(id)
    if (!entry) return
    stop(id, entry)
    entry.act()
  }
  const stop = (id, entry) => {
    acts.delete(id)
    clearTimeout(entry.timer)
    worker?.postMessage([id])
    if (acts.size === 0) {
      worker?.terminate()
      worker = undefined
    }
  }
  const start = () => {
    const url = URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' }))
    try {
      worker = new Worker(url)
      worker.onmessage = ({ data }) => fire(data)
      // A policy may forbid workers: the page's own timers run beside.
      worker.onerror = () => {}
    } catch {
      worker = undefined
    } finally {
      URL.revokeObjectURL(url)
    }
  }
  return {
    now: systemClock.now,
    set(wait, act) {
      last += 1
      const id = last
      acts.set(id, { act, timer: setTimeout(() => fire(id), wait) })
      if (!worker) start()
      worker?.postMessage([id, wait])
      return id
    },
    clear(id) {
      const entry = acts.get(id)
      if (entry) stop(id, entry)
    },
  }
}
