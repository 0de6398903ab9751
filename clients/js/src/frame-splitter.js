/** The frames that a socket's bytes hold: each ends with a NUL, however TCP cut them (J-1, J-2). */

export class FrameSplitter {
  /** Bytes behind the last NUL, in the pieces in which they came. */
  #parts = []

  /**
   * Takes bytes and returns the frames that they complete.
   * @param {Buffer} bytes
   */
  push(bytes) {
    const end = bytes.lastIndexOf(0)
    const whole = end === -1 ? '' : this.#take(bytes.subarray(0, end))
    // A copy, since the caller may use its buffer again.
    if (end + 1 < bytes.length) this.#parts.push(Buffer.from(bytes.subarray(end + 1)))
    // All at once: to decode each frame by itself takes three times as long.
    return whole.split('\0').filter((text) => text !== '')
  }

  #take(last) {
    const whole = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last])
    this.#parts = []
    return whole.toString()
  }
}
