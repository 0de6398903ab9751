import type { OutboxStore } from './index.js'

/** An outbox in IndexedDB; give each client one of its own. Another tab that holds it makes this client keep publishes in memory. */
export function indexedDbOutbox(): OutboxStore
