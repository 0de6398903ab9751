/** A WebSocket that tells of every packet, for the page's list of them. */

/** @param {(way: 'sent' | 'got', text: string) => void} tell */
export function watchedBy(tell) {
  return class extends WebSocket {
    constructor(address) {
      super(address)
      this.addEventListener('message', ({ data }) => tell('got', data))
    }

    send(text) {
      tell('sent', text)
      super.send(text)
    }
  }
}

/** Shortens tokens and hides passwords, which are secrets on a screen that is shared, too. */
export function withoutSecrets(text) {
  return text.replace(/("at":"[^"]{6})[^"]*/g, '$1…').replace(/("password":")(?:[^"\\]|\\.)*/g, '$1…')
}
