/** A small WebSocket client (RFC 6455) for Node 20, which has none; text messages only, no extensions. */

import { createHash, randomBytes } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'

import { SocketLike } from './socket-like.js'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const TEXT = 1
const CLOSE = 8
const PING = 9
const PONG = 10

export class NodeWebSocket extends SocketLike {
  /** @type {import('node:stream').Duplex | undefined} */
  #socket = undefined
  #request
  #read = Buffer.alloc(0)
  #isPaused = false
  /** @type {Buffer[]} */
  #fragments = []
  /**
   * What the server's close frame said.
   * @type {{ code: number, reason: string } | undefined}
   */
  #farewell = undefined

  /** Returns the class with TLS options of its own. */
  static with(tls) {
    return tls === undefined ? NodeWebSocket : class extends NodeWebSocket {
      constructor(address) {
        super(address, tls)
      }
    }
  }

  constructor(address, tls) {
    super()
    const url = new URL(address)
    const secure = url.protocol === 'wss:'
    url.protocol = secure ? 'https:' : 'http:'
    const key = randomBytes(16).toString('base64')
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key }
    this.#request = (secure ? https : http).request(url, { headers, agent: false, ...(secure ? tls : {}) })
    this.#request.on('upgrade', (response, socket, head) => this.#upgraded(response, socket, head, key))
    this.#request.on('response', () => this.#request.destroy(new Error('not a WebSocket')))
    this.#request.on('error', (error) => {
      this.onerror?.(error)
      this.#over()
    })
    this.#request.end()
  }

  send(text) {
    if (this.readyState === 1) this.#write(TEXT, Buffer.from(text))
  }

  close(code = 1000) {
    if (this.readyState === 0) this.#request.destroy()
    if (this.readyState !== 1) return
    this.readyState = 2
    const body = Buffer.alloc(2)
    body.writeUInt16BE(code)
    this.#write(CLOSE, body)
    this.#socket?.end()
    // What still comes is read away, or the end of the stream is never seen.
    this.resume()
  }

  /** Stops reading, which a WebSocket of a browser cannot. */
  pause() {
    this.#isPaused = true
    this.#socket?.pause()
  }

  resume() {
    this.#isPaused = false
    this.#takeRead()
    if (!this.#isPaused) this.#socket?.resume()
  }

  #upgraded(response, socket, head, key) {
    const expected = createHash('sha1').update(key + GUID).digest('base64')
    if (response.headers['sec-websocket-accept'] !== expected) return socket.destroy()
    this.#socket = socket
    socket.setNoDelay(true)
    this.readyState = 1
    const take = (bytes) => {
      this.#read = this.#read.length === 0 ? bytes : Buffer.concat([this.#read, bytes])
      this.#takeRead()
    }
    socket.on('data', take)
    socket.on('error', (error) => this.onerror?.(error))
    socket.on('close', () => this.#over())
    this.onopen?.()
    if (head.length > 0) take(head)
  }

  #over() {
    if (this.readyState === this.CLOSED) return
    this.readyState = this.CLOSED
    this.onclose?.(this.#farewell ?? { code: 1006, reason: '' })
  }

  /** Takes the whole frames of what was read, until it is paused. */
  #takeRead() {
    for (let frame = headOf(this.#read); frame && !this.#isPaused; frame = headOf(this.#read)) {
      const body = this.#read.subarray(frame.from, frame.end)
      this.#read = this.#read.subarray(frame.end)
      this.#frame(frame, body)
    }
  }

  #frame({ opcode, last }, body) {
    // The close frame is the server's last word, whatever still comes.
    if (this.#farewell) return
    if (opcode === PING) return this.#write(PONG, body)
    if (opcode === PONG) return
    if (opcode === CLOSE) {
      this.#farewell = body.length < 2 ? { code: 1005, reason: '' }
        : { code: body.readUInt16BE(0), reason: body.subarray(2).toString() }
      if (this.readyState === 1) this.close()
      return
    }
    if (!last || this.#fragments.length > 0) this.#fragments.push(body)
    if (!last) return
    const data = (this.#fragments.length === 0 ? body : Buffer.concat(this.#fragments)).toString()
    this.#fragments = []
    this.onmessage?.({ data })
  }

  #write(opcode, body) {
    const socket = this.#socket
    if (!socket?.writable) return
    // What one turn sends is written at once.
    if (socket.writableCorked === 0) {
      socket.cork()
      queueMicrotask(() => socket.uncork())
    }
    const long = body.length > 65_535 ? 8 : body.length > 125 ? 2 : 0
    const from = 6 + long
    const frame = Buffer.allocUnsafe(from + body.length)
    frame[0] = 0x80 | opcode
    frame[1] = 0x80 | (long === 8 ? 127 : long === 2 ? 126 : body.length)
    if (long === 2) frame.writeUInt16BE(body.length, 2)
    if (long === 8) frame.writeBigUInt64BE(BigInt(body.length), 2)
    const mask = nextMask()
    mask.copy(frame, from - 4)
    for (let at = 0; at < body.length; at += 1) frame[from + at] = body[at] ^ mask[at & 3]
    socket.write(frame)
  }
}

let masks = Buffer.alloc(0)

/** Returns four bytes that nobody can guess; many are made at once, since each time costs as much as a message. */
function nextMask() {
  if (masks.length === 0) masks = randomBytes(4_096)
  const mask = masks.subarray(0, 4)
  masks = masks.subarray(4)
  return mask
}

/** Returns where the first frame's body lies, if the whole of it is there. */
function headOf(bytes) {
  if (bytes.length < 2) return undefined
  const short = bytes[1] & 0x7f
  const from = short === 126 ? 4 : short === 127 ? 10 : 2
  if (bytes.length < from) return undefined
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  if (bytes.length < from + length) return undefined
  return { opcode: bytes[0] & 0x0f, last: (bytes[0] & 0x80) !== 0, from, end: from + length }
}
