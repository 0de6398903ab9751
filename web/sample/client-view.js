/** One client on the page: five steps, and what comes of them. */

import { authenticate, connect } from './client/browser.js'
import { codeFor } from './code.js'
import { element, json, prepend, timeNow } from './log.js'
import { Step } from './step.js'
import { validity } from './token.js'
import { watchedBy, withoutSecrets } from './watched-socket.js'

const REASONS = {
  'taken-over': 'another client of this name connected', removed: 'the broker removed it', withdrawn: 'its token is withdrawn',
  refused: 'refused', unauthorized: 'its token is not valid', asked: 'as asked',
}

export class ClientView {
  element = document.getElementById('client').content.firstElementChild.cloneNode(true)
  /** A link to this client that says how it is connected. */
  status = document.createElement('a')
  #name
  #credentials = undefined
  #client = undefined
  #subscriptions = new Map()
  #steps = {}
  #Socket = watchedBy((way, text) => this.#showPacket(way, text))
  /** What each step does; it returns what to say of it. */
  #acts = {
    auth: (fields) => this.#authenticate(fields),
    conn: () => this.#connect(),
    sub: (fields) => this.#subscribe(fields),
    pub: (fields) => this.#publish(fields),
    send: (fields) => this.#send(fields),
  }

  constructor({ id, name, peer, address }) {
    this.#name = name
    this.element.id = id
    this.status.href = `#${id}`
    for (const part of this.element.querySelectorAll('.step')) {
      const key = part.dataset.step
      this.#steps[key] = new Step(part, (fields) => this.#take(key, fields))
    }
    const values = { address, name, peer }
    for (const [field, value] of Object.entries(values)) this.element.querySelector(`[name=${field}]`).value = value
    this.#find('.leave').addEventListener('click', () => this.#leave())
    this.#nameParts()
    this.#tell('idle')
    this.#markNext()
  }

  remove() {
    this.#client?.close()
    this.element.remove()
    this.status.remove()
  }

  #find(selector) {
    return this.element.querySelector(selector)
  }

  /** Takes a step: shows its code, does it, and says what came of it. */
  async #take(key, fields) {
    const step = this.#steps[key]
    this.#showCode(codeFor[key]({ ...this.#credentials, ...fields }))
    step.say('')
    try {
      step.finish(await this.#acts[key](fields))
    } catch (error) {
      step.say(error.message, true)
    }
    this.#markNext()
  }

  async #authenticate({ address, name, password }) {
    const said = password ? { client_name: name, password } : { client_name: name }
    const credentials = await authenticate(address, said, { WebSocket: this.#Socket })
    this.#credentials = { address, ...credentials }
    return `Token ${credentials.token.slice(0, 12)}… for ${credentials.client}${validity(credentials.token)}`
  }

  async #connect() {
    if (!this.#credentials) throw new Error('Authenticate first: a session needs a token.')
    const { address, client, token } = this.#credentials
    await this.#client?.close()
    this.#name = client
    this.#nameParts()
    this.#subscriptions.clear()
    this.#drawSubscriptions()
    this.#client = connect(address, { credentials: { client, token }, WebSocket: this.#Socket })
    this.#client.on('state', (event) => this.#tell(event.state, event))
    this.#client.on('publish', ({ channel, error }) => this.#refused(channel, error))
    this.#client.on('subscription', () => this.#drawSubscriptions())
    this.#client.direct((message) => this.#showPush(message))
    await this.#client.ready()
    return this.#steps.conn.said
  }

  async #leave() {
    this.#showCode(codeFor.leave())
    this.#find('[data-step=conn] .go').focus()
    await this.#client.close()
    this.#steps.conn.say('Closed: what comes to persistent subscriptions waits at the broker.')
  }

  async #subscribe({ channel, persistent }) {
    const subscription = this.#online().subscribe(channel, (message) => this.#showPush(message), { persistent })
    this.#subscriptions.set(subscription, persistent)
    await subscription.ready()
    return `Subscribed: what is published to ${channel} comes to you.`
  }

  async #publish({ channel, data, qos, retain }) {
    await this.#online().publish(channel, data, { qos, retain })
    return qos === 1 ? 'Acknowledged: the broker keeps it for persistent subscribers.' : 'Sent; at QoS 0 only a refusal is answered.'
  }

  async #send({ peer, data }) {
    await this.#online().send(peer, data, { qos: 1 })
    return `Acknowledged: only ${peer} gets it.`
  }

  #online() {
    if (!this.#client || this.#client.state === 'closed') throw new Error('Connect first: this needs a session.')
    return this.#client
  }

  async #unsubscribe(subscription) {
    this.#showCode(codeFor.unsub())
    await subscription.unsubscribe().catch((error) => this.#steps.sub.say(error.message, true))
    this.#drawSubscriptions()
    this.#find('[data-step=sub] [name=channel]').focus()
  }

  /** A publish that nobody waits for was refused after all. */
  #refused(channel, error) {
    const step = channel.startsWith('#') ? this.#steps.send : this.#steps.pub
    if (error) step.say(error.message, true)
  }

  #showCode(text) {
    this.#find('.code').textContent = text
  }

  #showPush({ channel, from, data, retained }) {
    const where = channel === `#${this.#name}` ? `${from || 'the server'}, to me alone` : channel
    const row = element('div', 'push', timeNow(), element('span', 'channel', where), json(JSON.stringify(data)))
    if (retained) row.children[1].append(element('small', '', ' retained'))
    prepend(this.#find('.pushes'), row)
  }

  #showPacket(way, text) {
    const row = element('div', `packet ${way}`, timeNow(), element('span', 'way', way), json(withoutSecrets(text)))
    row.classList.toggle('refused', way === 'got' && /"st":(?!1\b)-?\d/.test(text))
    prepend(this.#find('.packets'), row)
    const { connAck } = JSON.parse(text)
    if (connAck?.st === 1) this.#steps.conn.say(`Session open; something must be heard every ${connAck.ts} s.`)
  }

  #tell(state, { reason, text, wait } = {}) {
    const words = {
      online: `Connected as ${this.#name}`, connecting: `${this.#name} connects`, draining: `${this.#name} leaves`,
      waiting: `${this.#name} tries again in ${((wait ?? 0) / 1_000).toFixed(1)} s`,
    }
    this.status.className = `state ${state}`
    this.status.textContent = words[state] ?? `${this.#name} is not connected`
    this.#find('.leave').hidden = state === 'idle' || state === 'closed'
    if (state === 'waiting') this.#steps.conn.say(`No connection (${reason}): it is tried again by itself.`, true)
    if (state !== 'closed') return
    this.#steps.conn.open()
    if (reason !== 'asked') this.#steps.conn.say(`Closed: ${REASONS[reason] ?? text ?? reason}.`, true)
    this.#markNext()
  }

  #drawSubscriptions() {
    for (const subscription of this.#subscriptions.keys()) {
      if (subscription.state === 'ended') this.#subscriptions.delete(subscription)
    }
    const chips = [...this.#subscriptions].map(([subscription, isPersistent]) => {
      const button = element('button', '', '×')
      button.type = 'button'
      button.setAttribute('aria-label', `Unsubscribe from ${subscription.channel}`)
      button.addEventListener('click', () => this.#unsubscribe(subscription))
      return element('li', '', subscription.channel, ...(isPersistent ? [element('small', '', 'persistent')] : []), button)
    })
    this.#find('.chips').replaceChildren(...chips)
  }

  #nameParts() {
    this.element.setAttribute('aria-label', `Client ${this.#name}`)
    this.#find('.pushes').setAttribute('aria-label', `Pushes to ${this.#name}`)
    this.#find('.packets').setAttribute('aria-label', `Packets of ${this.#name}`)
    this.#find('.code').setAttribute('aria-label', `Code of ${this.#name}`)
  }

  #markNext() {
    const steps = Object.values(this.#steps)
    const next = steps.find((step) => !step.isDone)
    for (const step of steps) step.markNext(step === next)
  }
}
