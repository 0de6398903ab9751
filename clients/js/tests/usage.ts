// Compiled by tests/package.test.js with all strictness: the types as an application uses them.
import { connect, RialtoError, Unauthorized, type Message, type State } from 'rialto-client'
import { indexedDbOutbox } from 'rialto-client/outbox'
import { WorkerWebSocket } from 'rialto-client/worker-socket'

interface Reading { value: number }

export async function use(signal: AbortSignal): Promise<State> {
  const client = connect(['ws://127.0.0.1:8012'], {
    credentials: async ({ attempt, reason }) => {
      if (attempt > 3 || reason === 'withdrawn') throw new Unauthorized()
      return { client: 'ada', token: 'a token' }
    },
    outbox: { full: 'wait', store: indexedDbOutbox() },
    WebSocket: WorkerWebSocket,
    signal,
  })
  const stop = client.on('state', ({ state, reason }) => console.log(state, reason))
  client.subscribe<Reading>('readings', async ({ data }) => data.value.toFixed(1), { persistent: true })
  for await (const message of client.subscribe<Reading>('more')) {
    const known: Message<Reading> = message
    console.log(known.data.value, known.retained)
  }
  try {
    await client.publish('c', { n: 1 }, { qos: 1, retain: true })
  } catch (error) {
    if (error instanceof RialtoError && error.temporary) console.log(error.status, error.reason)
  }
  // @ts-expect-error there are two qualities
  await client.publish('c', 1, { qos: 2 })
  // @ts-expect-error there is no such event
  client.on('stat', () => {})
  stop()
  await client.drain()
  return client.state
}
