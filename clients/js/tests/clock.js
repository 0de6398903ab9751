/** A clock that a test moves; after each timer it lets everything run that promises have put off. */
export class TestClock {
  time = 0
  timers = new Map()
  #last = 0
  #settle

  constructor(settle) {
    this.#settle = settle
  }

  now = () => this.time
  set = (wait, act) => {
    this.#last += 1
    this.timers.set(this.#last, { at: this.time + Math.max(0, wait), act })
    return this.#last
  }
  clear = (timer) => void this.timers.delete(timer)

  async advance(wait) {
    const end = this.time + wait
    for (;;) {
      const due = [...this.timers].filter(([, it]) => it.at <= end).sort(([, a], [, b]) => a.at - b.at)[0]
      if (!due) break
      this.timers.delete(due[0])
      this.time = Math.max(this.time, due[1].at)
      due[1].act()
      await this.#settle()
    }
    this.time = end
    await this.#settle()
  }
}
