/** Sockets of Node, plain or TLS: each frame ends with a NUL (J-1). */

import net from 'node:net'
import tls from 'node:tls'
import { FrameSplitter } from './packets.js'

const PORTS = { 'jmqt:': 8010, 'jmqts:': 8011 }
const CLOSE_MS = 2_000

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
    held.push(...splitter.push(bytes))
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
  const flush = () => {
    if (waiting !== '' && socket.writable) socket.write(waiting)
    waiting = ''
  }
  return {
    flush,
    write(text) {
      if (waiting === '') queueMicrotask(flush)
      waiting += `${text}\0`
    },
  }
}
