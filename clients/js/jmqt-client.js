/*
 * JMQTClient: the interface that pages written for JMQT's own script use, as a classic script.
 * It does not connect again by itself: its pages do, when `disconnect` is called.
 */
(function (global) {
  'use strict'

  const statusCodes = {
    UNKNOWN: -1, FAILED: 0, OK: 1, MALFORMED_PACKET: 3, SERVER_ERROR: 5, INVALID_TOKEN: 6, NOT_ALLOWED: 7,
    CLIENT_OFFLINE: 8, NETWORK_ERROR: 9, INVALID_PACKET: 10, INVALID_CHANNEL: 11,
  }
  const VERSION = '1.0'
  const DEFAULT_TS = 15
  const OPEN = 1

  const isOn = (flag) => flag === 1 || flag === '1' || flag === true
  const nothing = () => {}

  class JMQTClient {
    #handlers = { push: undefined, disconnect: nothing }
    #auths = []
    #conns = []
    #subs = new Map()
    #unsubs = new Map()
    #pubs = new Map()
    #id = 0
    #beat = undefined
    #waiting = []
    #leave = () => this.disconnect(true)

    constructor(host, port, ssl) {
      this.websockAddress = `${ssl ? 'wss' : 'ws'}://${host}:${port}`
      this.statusCodes = statusCodes
      this.JMQT_VERSION = VERSION
      this.websocket = null
      this.opened = false
      this.connected = false
      this.clientId = ''
      this.authToken = ''
    }

    on(event, callback) {
      if (event in this.#handlers) this.#handlers[event] = callback
    }

    auth(data, callback = nothing) {
      this.#auths.push(callback)
      this.#whenOpen(() => {
        this.#log('JMQT auth..')
        this.#send({ auth: { dt: data ?? '' } })
      })
    }

    conn(clientId, token, callback = nothing) {
      if (this.connected) return callback(statusCodes.OK)
      this.#conns.push({ callback, clientId, token })
      this.#whenOpen(() => {
        this.#log('JMQT conn..')
        this.#send({ conn: { at: token, cl: clientId } })
      })
    }

    sub(channel, persistent, callback = nothing) {
      if (!this.connected) return callback(statusCodes.NETWORK_ERROR, channel)
      this.#subs.set(channel, callback)
      this.#log(`JMQT sub "${channel}", persistent ${persistent ? 1 : 0}`)
      this.#send({ sub: { cn: channel, pr: persistent ? 1 : 0 } })
    }

    unsub(channel, callback = nothing) {
      if (!this.connected) return callback(statusCodes.NETWORK_ERROR, channel)
      this.#unsubs.set(channel, callback)
      this.#log(`JMQT unsub "${channel}"`)
      this.#send({ unsub: { cn: channel } })
    }

    pub(channel, data, retain, qos, callback = nothing) {
      this.#id += 1
      const id = String(this.#id)
      if (!this.connected) {
        callback(statusCodes.NETWORK_ERROR, id)
        return id
      }
      const q = Number(qos) === 1 ? 1 : 0
      // Nothing answers a publish of QoS 0 that succeeds, so its callback is not kept.
      if (q === 1 || String(channel).startsWith('$')) this.#pubs.set(id, callback)
      this.#log(`JMQT pub "${id}" to "${channel}"`)
      this.#send({ pub: { cn: channel, dt: data, rt: isOn(retain) ? 1 : 0, q, id } })
      return id
    }

    pushAck(id) {
      if (this.connected) this.#send({ pushAck: { id } })
    }

    disconnect(sendDisconn = false) {
      const socket = this.websocket
      if (!socket) return
      if (sendDisconn && socket.readyState === OPEN) this.#send({ disconn: {} })
      this.#ended()
      socket.close()
    }

    #log(text) {
      (JMQTClient.log ?? ((line) => console.log(line)))(text)
    }

    #send(packet) {
      this.websocket.send(JSON.stringify(packet))
    }

    #whenOpen(act) {
      if (this.opened) return act()
      this.#waiting.push(act)
      if (!this.websocket) this.#open()
    }

    #open() {
      this.#log(`Opening web socket ${this.websockAddress}`)
      const socket = new global.WebSocket(this.websockAddress)
      const ifCurrent = (act) => (event) => {
        if (this.websocket === socket) act(event)
      }
      this.websocket = socket
      socket.onopen = ifCurrent(() => {
        this.opened = true
        this.#log(`Web socket opened ${this.websockAddress}`)
        for (const act of this.#waiting.splice(0)) act()
      })
      socket.onmessage = ifCurrent(({ data }) => this.#take(data))
      socket.onclose = ifCurrent(() => this.#lost())
      global.addEventListener?.('pagehide', this.#leave)
    }

    #ended() {
      clearInterval(this.#beat)
      global.removeEventListener?.('pagehide', this.#leave)
      this.websocket = null
      this.opened = this.connected = false
      this.#waiting = []
      this.#pubs.clear()
      this.#subs.clear()
      this.#unsubs.clear()
    }

    #lost() {
      this.#log(`Web socket closed ${this.websockAddress}`)
      const auths = this.#auths.splice(0)
      const conns = this.#conns.splice(0)
      this.#ended()
      for (const callback of auths) this.#call(callback, statusCodes.NETWORK_ERROR)
      for (const { callback } of conns) this.#call(callback, statusCodes.NETWORK_ERROR)
      this.#call(this.#handlers.disconnect, this.websockAddress)
    }

    /** What a page's callback throws is reported, and does not keep the others from being called. */
    #call(callback, ...given) {
      try {
        callback?.(...given)
      } catch (error) {
        setTimeout(() => {
          throw error
        })
      }
    }

    #take(text) {
      let packet
      try {
        packet = JSON.parse(text)
      } catch {
        return
      }
      const [root, body] = Object.entries(packet ?? {})[0] ?? []
      if (!body || typeof body !== 'object') return
      if (root === 'push') this.#push(body)
      else if (root === 'authAck') this.#authAck(body)
      else if (root === 'connAck') this.#connAck(body)
      else if (root === 'subAck') this.#channelAck('sub', this.#subs, body)
      else if (root === 'unsubAck') this.#channelAck('unsub', this.#unsubs, body)
      else if (root === 'pubAck') this.#pubAck(body)
    }

    #authAck({ st, at, cl, mg }) {
      this.#log(`JMQT authAck, status ${st}`)
      if (st === statusCodes.OK) {
        this.authToken = at
        this.clientId = cl
      }
      this.#call(this.#auths.shift(), st, at, cl, mg)
    }

    #connAck({ st, ts }) {
      this.#log(`JMQT connAck, status ${st}`)
      const asked = this.#conns.shift()
      if (st === statusCodes.OK && asked) {
        this.connected = true
        this.clientId = asked.clientId
        this.authToken = asked.token
        clearInterval(this.#beat)
        this.#beat = setInterval(() => this.#send({ hb: {} }), ((Number(ts) || DEFAULT_TS) * 1000) / 3)
      }
      this.#call(asked?.callback, st)
    }

    #channelAck(what, callbacks, { st, cn }) {
      this.#log(`JMQT ${what}Ack for "${cn}", status ${st}`)
      this.#call(callbacks.get(cn), st, cn)
    }

    #pubAck({ st, id, dt }) {
      this.#log(`JMQT pubAck for "${id}", status ${st}`)
      const callback = this.#pubs.get(id)
      this.#pubs.delete(id)
      this.#call(callback, st, id, dt)
    }

    #push({ cn, cl, dt, q, rt, id }) {
      const { push } = this.#handlers
      // Without a callback nobody has dealt with it: the broker keeps it.
      if (!push) return
      const qos = Number(q) === 1 ? 1 : 0
      const retain = isOn(rt) ? 1 : 0
      this.#call(push, cn, cl, dt, qos, retain)
      if (qos === 1 && !retain) this.pushAck(id)
    }
  }

  global.JMQTClient = JMQTClient
  global.JMQT = { statusCodes }
})(globalThis)
