// Compiled by tests/package.test.js with the sources of the client: what they are is what index.d.ts declares.
import type { Client, Credentials, Events, Message, OutboxStore, Subscription } from '../index.js'
import type * as declared from '../index.js'
import type * as declaredSocket from '../worker-socket.js'
import * as browser from '../src/browser.js'
import * as node from '../src/node.js'
import { indexedDbOutbox } from '../src/outbox-store.js'
import { WorkerWebSocket } from '../src/worker-socket.js'
import type { Subscription as Made } from '../src/subscription.js'
import type { Subscriptions } from '../src/subscriptions.js'

// The compiler does not see a method whose name falls back for engines without `Symbol.asyncDispose`.
type Seen = Omit<Client, typeof Symbol.asyncDispose>
type Connect = (...given: Parameters<typeof declared.connect>) => Seen
type Authenticate = typeof declared.authenticate

/** Each entry has what is declared, with arguments it can take and results it may return. */
export const entries: Array<{ connect: Connect; authenticate: Authenticate }> = [browser, node]
export const clients: Seen[] = entries.map(({ connect }) => connect('ws://a', { credentials: { auth: 1 } }))
export const store: OutboxStore = indexedDbOutbox()
export const socket: typeof declaredSocket.WorkerWebSocket = WorkerWebSocket

export function made(subscription: Made, subscriptions: Subscriptions): [Subscription, Message] {
  return [subscription, subscriptions.message({ cn: 'c' }, () => {})]
}

export function errors(): [declared.RialtoError, declared.Unauthorized] {
  return [new browser.RialtoError('what', 'lost', { status: 9, temporary: true, cause: new Error() }), new node.Unauthorized()]
}

// @ts-expect-error there is no such reason
export const wrong = new browser.RialtoError('what', 'nothing')
export type Reasons = Events['state']['reason'] | Credentials
