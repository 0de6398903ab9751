/** QoS 1 messages that no subscription takes, kept unacknowledged for one made later (clause K-35). */

const COUNT_MAX = 1_000
const BYTES_MAX = 8 * 1_024 * 1_024

export class Unclaimed {
  #kept = []
  #bytes = 0

  keep(push, bytes) {
    if (this.#kept.length >= COUNT_MAX || this.#bytes + bytes > BYTES_MAX) return
    if (this.#kept.some((it) => it.push.id === push.id)) return
    this.#kept.push({ push, bytes })
    this.#bytes += bytes
  }

  /** Gives up those of a channel. */
  take(channel) {
    const taken = this.#kept.filter((it) => it.push.cn === channel)
    if (taken.length > 0) this.#kept = this.#kept.filter((it) => it.push.cn !== channel)
    for (const { bytes } of taken) this.#bytes -= bytes
    return taken
  }

  clear() {
    this.#kept = []
    this.#bytes = 0
  }
}
