/** Getting a token without opening a session: what an application keeps instead of a password. */

import { RialtoError, offline, refusal } from './errors.js'
import { parse } from './packets.js'

const WITHIN_MS = 10_000

/**
 * Returns the client id and the token that the broker gives for `dt`.
 * @param {object} env the clock, and `open`, which makes a transport
 */
export function askForToken(env, address, dt) {
  return new Promise((resolve, reject) => {
    const what = 'the authentication'
    const transport = env.open(address, {
      heard() {},
      opened: () => transport.send(JSON.stringify({ auth: { dt } })),
      frame(text) {
        const [root, body] = parse(text) ?? []
        if (root !== 'authAck') return
        end()
        if (body.st === 1) resolve({ client: body.cl, token: body.at })
        else reject(refusal(what, body.st, body.mg))
      },
      closed() {
        env.clock.clear(timer)
        reject(offline(what))
      },
    })
    const timer = env.clock.set(WITHIN_MS, () => {
      end()
      reject(new RialtoError(`${what} was not answered`, 'timeout', { status: 9, temporary: true }))
    })
    function end() {
      env.clock.clear(timer)
      transport.end()
    }
  })
}
