/** A WebSocket as a transport: one text message for each frame (J-4). */

const CLOSE_MS = 2_000

export function openWebSocket(WebSocket, address, events) {
  const socket = new WebSocket(address)
  let over = false
  let ended = () => {}
  const end = (how) => {
    ended()
    if (over) return
    over = true
    events.closed(how)
  }
  // A connection that never opened is told apart by having no code.
  let opened = false
  socket.onopen = () => {
    opened = true
    if (!over) events.opened()
  }
  socket.onmessage = ({ data }) => {
    if (over || typeof data !== 'string') return
    events.heard()
    events.frame(data)
  }
  socket.onclose = ({ code, reason }) => end(opened ? { code, text: reason } : {})
  socket.onerror = () => {}
  return {
    send: (text) => socket.send(text),
    // Only that of Node can stop reading.
    pause: socket.pause && (() => socket.pause()),
    resume: () => socket.resume(),
    abort() {
      over = true
      socket.close()
    },
    /** @returns {Promise<void>} */
    end() {
      over = true
      if (socket.readyState === socket.CLOSED) return Promise.resolve()
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, CLOSE_MS)
        ended = () => {
          clearTimeout(timer)
          resolve()
        }
        socket.close(1000)
      })
    },
  }
}
