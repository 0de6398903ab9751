/** What tests with pages have in common: a broker behind a proxy, files that are served, Chromium, and a client that publishes. */

import { connect } from 'rialto-client'
import { Broker } from './broker.js'
import { Proxy, launch, serveFiles } from './page.js'

export class Stage {
  /** @type {Broker} */
  broker
  /** @type {Proxy} */
  proxy
  files
  browser
  /** @type {import('rialto-client').Client} */
  speaker

  /**
   * Sets all of it up; on failure what was there is taken down again.
   * @param {{ settings?: string[], launched?: Parameters<typeof launch>[0] }} about what the broker and the browser are to have besides
   */
  static async set({ settings = [], launched = {} } = {}) {
    const stage = new Stage()
    try {
      stage.broker = await Broker.start(settings.flatMap((setting) => ['--set', setting]))
      stage.proxy = await Proxy.before(stage.broker.port)
      stage.files = await serveFiles()
      stage.browser = await launch(launched)
      stage.speaker = connect(stage.broker.address('jmqt'), { credentials: { auth: { client_name: 'speaker' } } })
      await stage.speaker.ready()
    } catch (error) {
      await stage.strike()
      throw error
    }
    return stage
  }

  async strike() {
    await this.speaker?.close()
    await this.browser?.close()
    this.files?.close()
    this.proxy?.close()
    await this.broker?.stop()
  }
}
