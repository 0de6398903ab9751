/** Packets of JMQT as text, and the frames that a socket's bytes hold (J-1 to J-25, J-116). */

/** Returns `[root, body]`, or nothing for what is no packet (K-37). */
export function parse(text) {
  let packet
  try {
    packet = JSON.parse(text)
  } catch {
    return undefined
  }
  if (packet === null || typeof packet !== 'object' || Array.isArray(packet)) return undefined
  const [root, second] = Object.keys(packet)
  const body = packet[root]
  if (second !== undefined || body === null || typeof body !== 'object') return undefined
  return [root, body]
}

/** Reads a flag by its value: 1, "1" and true are on. */
export function isOn(flag) {
  return flag === 1 || flag === '1' || flag === true
}

/** How many bytes `text` has in UTF-8, without making them. */
export function byteLength(text) {
  let bytes = text.length
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1
  }
  return bytes
}

/** Cuts a stream of bytes into frames, which end with a NUL, however TCP cut them. */
export class FrameSplitter {
  #decoder = new TextDecoder()
  #parts = []

  /** Takes bytes and returns the frames that they complete. */
  push(bytes) {
    const frames = []
    let from = 0
    for (let end = bytes.indexOf(0); end !== -1; end = bytes.indexOf(0, from)) {
      const text = this.#take(bytes.subarray(from, end))
      if (text !== '') frames.push(text)
      from = end + 1
    }
    // A copy, since the caller may use its buffer again.
    if (from < bytes.length) this.#parts.push(bytes.slice(from))
    return frames
  }

  #take(last) {
    if (this.#parts.length === 0) return this.#decoder.decode(last)
    let text = ''
    for (const part of this.#parts) text += this.#decoder.decode(part, { stream: true })
    this.#parts = []
    return text + this.#decoder.decode(last)
  }
}
