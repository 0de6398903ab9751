// Asking again and again, with bounds: never two questions of one kind at once, none while nobody looks,
// rarer while the broker does not answer.

const SLOWEST = 15_000;

/** Runs `task` at once and then every `ms` while the page is visible, until the signal or the returned function ends it. */
export function every(ms, task) {
  const over = new AbortController();
  let wait = ms;
  let timer = 0;
  let isBusy = false;
  async function run() {
    clearTimeout(timer);
    if (isBusy || over.signal.aborted || document.hidden) return;
    isBusy = true;
    try {
      await task(over.signal);
      wait = ms;
    } catch {
      wait = Math.min(SLOWEST, wait * 1.5);
    }
    isBusy = false;
    if (!over.signal.aborted) timer = window.setTimeout(run, wait);
  }
  document.addEventListener("visibilitychange", run, { signal: over.signal });
  addEventListener("online", run, { signal: over.signal });
  run();
  return Object.assign(() => { over.abort(); clearTimeout(timer); }, { now: run });
}

/** Calls `task` each second; returns what ends it. */
export function eachSecond(task) {
  const timer = setInterval(task, 1000);
  task();
  return () => clearInterval(timer);
}
