/** The clock of a running program; tests bring another one. */
export const systemClock = {
  now: () => performance.now(),
  set: (wait, act) => setTimeout(act, wait),
  clear: (timer) => clearTimeout(timer),
}
