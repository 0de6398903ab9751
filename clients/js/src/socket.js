/** Sockets of Node, plain or TLS: each frame ends with a NUL (J-1). */

import net from 'node:net'
import tls from 'node:tls'
import { FrameSplitter } from './frame-splitter.js'

const PORTS = { 'jmqt:': 8010, 'jmqts:': 8011 }
const CLOSE_MS = 2_000
/** How much is joined before it is written, so that the broker begins while a long turn goes on. */
const BATCH_LENGTH = 64 * 1_024

export function openSocket(address, events, tlsOptions) {
  const { protocol, hostname, port } = new URL(address)
  const host = hostname.replace(/^\[|\]$/g, '')
  const where = { host, port: Number(port) || PORTS[protocol] }
  const secure = protocol === 'jmqts:'
  const socket = secure
    ? tls.connect({ ...where, ...(net.isIP(host) ? {} : { servername: host }), ...tlsOptions })
    : net.connect(where)
  socket.setNoDelay(true)
  const splitter = new FrameSplitter()
  let opened = false
  let over = false
  let failure
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    opened = true
    if (!over) events.opened()
  })
  // Frames that were read before reading was stopped.
  let held = []
  let paused = false
  const deliver = () => {
    let given = 0
    while (given < held.length && !paused && !over) events.frame(held[given++])
    held = held.slice(given)
  }
  socket.on('data', (bytes) => {
    const frames = splitter.push(bytes)
    held = held.length === 0 ? frames : held.concat(frames)
    if (frames.length > 0 && !over) events.heard()
    deliver()
  })
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => {
    if (over) return
    over = true
    events.closed(opened ? { code: 1006, error: failure } : { error: failure })
  })
  const writer = batched(socket)
  return {
    send: writer.write,
    pause() {
      paused = true
      socket.pause()
    },
    resume() {
      paused = false
      deliver()
      if (!paused) socket.resume()
    },
    abort() {
      over = true
      socket.destroy()
    },
    /** @returns {Promise<void>} */
    end() {
      over = true
      writer.flush()
      if (socket.destroyed) return Promise.resolve()
      return new Promise((resolve) => {
        const timer = setTimeout(() => socket.destroy(), CLOSE_MS)
        socket.once('close', () => {
          clearTimeout(timer)
          resolve()
        })
        // What still comes is read away, or the end of the stream is never seen.
        socket.resume()
        socket.end()
      })
    },
  }
}

/** Joins the frames that one turn of the event loop writes. */
function batched(socket) {
  let waiting = ''
  let planned = false
  const flush = () => {
    if (waiting !== '' && socket.writable) socket.write(waiting)
    waiting = ''
  }
  const end = () => {
    planned = false
    flush()
  }
  return {
    flush,
    write(text) {
      waiting += text
      waiting += '\0'
      if (waiting.length >= BATCH_LENGTH) flush()
      else if (!planned) {
        planned = true
        queueMicrotask(end)
      }
    },
  }
}
