/**
 * A WebSocket in a worker, for pages that get many messages at once. A browser deals with the messages of a page's own
 * WebSocket before it paints, so that a burst makes each frame late by 100 ms, whatever the page does with them.
 */

import { SocketLike } from './socket-like.js'

/** How many messages the page takes in one task; it asks for the next ones when it has dealt with these. */
const BATCH_COUNT = 32

const WORKER = `let socket, over, asked = true
const held = []
const give = () => {
  if (!asked) return
  if (held.length > 0) {
    asked = false
    postMessage({ messages: held.splice(0, ${BATCH_COUNT}) })
  } else if (over) postMessage({ over })
}
const acts = {
  open(address) {
    socket = new WebSocket(address)
    socket.onopen = () => postMessage({ opened: true })
    socket.onmessage = ({ data }) => { held.push(data); give() }
    socket.onclose = ({ code, reason }) => { over = { code, reason }; give() }
  },
  send: (text) => socket.send(text),
  close: (code) => socket.close(code),
  more() { asked = true; give() },
}
onmessage = ({ data: [act, value] }) => acts[act](value)`

/** For the option `WebSocket`. Where the page's policy forbids workers it is a WebSocket of the page. */
export class WorkerWebSocket extends SocketLike {
  #address
  /** @type {Worker | undefined} */
  #worker
  /** @type {WebSocket | undefined} */
  #own
  /** @type {number | undefined} */
  #closeCode

  constructor(address) {
    super()
    this.#address = address
    const url = URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' }))
    try {
      this.#worker = new Worker(url)
      this.#worker.onmessage = ({ data }) => this.#take(data)
      this.#worker.onerror = () => this.#fallBack()
      this.#tell('open', address)
    } catch {
      this.#fallBack()
    } finally {
      URL.revokeObjectURL(url)
    }
  }

  send(text) {
    if (this.#own) this.#own.send(text)
    else this.#tell('send', text)
  }

  close(code = 1000) {
    this.#closeCode = code
    if (this.readyState < 2) this.readyState = 2
    if (this.#own) this.#own.close(code)
    else this.#tell('close', code)
  }

  /**
   * @param {string} act
   * @param {string | number} [value]
   */
  #tell(act, value) {
    this.#worker?.postMessage([act, value])
  }

  #take({ opened, messages, over }) {
    if (opened) this.#opened()
    if (over) this.#ended(over)
    if (!messages) return
    for (const data of messages) this.onmessage?.({ data })
    this.#tell('more')
  }

  #fallBack() {
    // A worker that has worked fails no more by a policy.
    if (this.#own || this.readyState === 1 || this.readyState === this.CLOSED) return
    this.#worker?.terminate()
    this.#worker = undefined
    const own = this.#own = new WebSocket(this.#address)
    own.onopen = () => this.#opened()
    own.onmessage = (event) => this.onmessage?.(event)
    own.onclose = (event) => this.#ended(event)
    if (this.#closeCode !== undefined) own.close(this.#closeCode)
  }

  #opened() {
    if (this.readyState === 0) this.readyState = 1
    this.onopen?.()
  }

  #ended({ code, reason }) {
    if (this.readyState === this.CLOSED) return
    this.readyState = this.CLOSED
    this.#worker?.terminate()
    this.#worker = undefined
    this.onclose?.({ code, reason })
  }
}
