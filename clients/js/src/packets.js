/** Packets of JMQT as text (J-1 to J-25, J-116). */

/** Returns `[root, body]`, or nothing for what is no packet (K-37). */
export function parse(text) {
  let packet
  try {
    packet = JSON.parse(text)
  } catch {
    return undefined
  }
  if (Array.isArray(packet)) return undefined
  let root
  // Without a list of the names, which would cost as much as the rest of a small packet.
  for (const name in packet) {
    if (root !== undefined) return undefined
    root = name
  }
  const body = root !== undefined && packet[root]
  return body && typeof body === 'object' ? [root, body] : undefined
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
