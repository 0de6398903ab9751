export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type State = 'idle' | 'connecting' | 'online' | 'waiting' | 'draining' | 'closed'
export type Reason =
  | 'asked' | 'unreachable' | 'timeout' | 'lost' | 'silent' | 'no-ack' | 'overrun' | 'server-stopping' | 'server-full'
  | 'server-error' | 'too-large' | 'taken-over' | 'removed' | 'withdrawn' | 'refused' | 'unauthorized'
  | 'identity-changed' | 'gave-up'
/** Why a subscription ended, besides the reasons of connections. */
export type SubscriptionEnd = 'unsubscribed' | 'handler-failed' | 'closed'

/** A client id with its token, or what the broker's authentication takes, such as `{ client_name: 'ada' }`. */
export type Credentials = { client: string; token: string } | { auth: Json }
/** The attempt that credentials are asked for, and why the last one ended. */
export interface Why { attempt: number; reason?: Reason; status?: number }

export interface Options {
  /** A function is asked before each attempt; it may take 10 seconds. */
  credentials: Credentials | ((why: Why) => Credentials | Promise<Credentials>)
  /** Whether a first connection that fails is tried again; on by default. */
  retryFirst?: boolean
  /** Milliseconds after which waiting for a connection ends the client; never by default. */
  giveUpAfter?: number
  /** Whether several addresses are tried in their order; by default in a random one. */
  inOrder?: boolean
  /** Bounds of what is kept unanswered: 10,000 publishes, 16 MiB; beyond them calls are rejected by default. */
  outbox?: { count?: number; bytes?: number; full?: 'reject' | 'wait' | 'drop-oldest'; store?: OutboxStore }
  /** Bounds of what a subscription has not dealt with: 1,000 messages, 8 MiB. */
  inbox?: { count?: number; bytes?: number }
  /** How values become JSON and JSON values. */
  codec?: { encode(value: unknown): Json; decode(data: Json): unknown }
  /** `auto`: a worker keeps time beside the page's timers, which sleep while it is hidden. */
  timers?: 'auto' | 'page'
  WebSocket?: new (address: string) => unknown
  /** Options of `tls.connect` under Node, such as `ca`. */
  tls?: object
  /** Closes the client. */
  signal?: AbortSignal
}

/** Returns a client that begins to connect. Addresses: `ws:` and `wss:`, under Node `jmqt:` and `jmqts:` too. */
export function connect(address: string | string[], options: Options): Client

/** Gets a token without opening a session, which an application can keep instead of a password. */
export function authenticate(
  address: string, auth: Json, options?: Pick<Options, 'WebSocket' | 'tls'>,
): Promise<{ client: string; token: string }>

export class Client {
  private constructor()
  readonly state: State
  /** The client id of the session; absent before the first one. */
  readonly id: string | undefined
  /** Resolves when online, rejects when the client ends. */
  ready(options?: { signal?: AbortSignal }): Promise<void>
  /** QoS 1: resolves when the broker has it; QoS 0: when it was handed to the connection. */
  publish(channel: string, data: unknown, options?: PublishOptions): Promise<void>
  /** Publishes to one client. */
  send(client: string, data: unknown, options?: PublishOptions): Promise<void>
  /** Asks a control channel, such as `$time`. */
  request<T = Json>(control: string, data?: unknown, options?: RequestOptions): Promise<T>
  subscribe<T = Json>(channel: string, options?: SubscribeOptions): Subscription<T>
  subscribe<T = Json>(channel: string, handler: Handler<T>, options?: SubscribeOptions): Subscription<T>
  /** Takes what comes on a channel without subscribing to it. */
  listen<T = Json>(channel: string, handler?: Handler<T>, options?: SubscribeOptions): Subscription<T>
  /** Takes messages to this client. */
  direct<T = Json>(handler?: Handler<T>): Subscription<T>
  /** Returns how to stop listening. */
  on<K extends keyof Events>(event: K, listener: (event: Events[K]) => void): () => void
  /** Says that the network may be back. */
  wake(): void
  /** Connects again after the end. */
  connect(): void
  /** Lets what is under way finish, at most 10,000 ms unless told otherwise, then closes. */
  drain(options?: { timeout?: number }): Promise<void>
  close(): Promise<void>
  /** The same as `drain`. */
  [Symbol.asyncDispose](): Promise<void>
}

export interface PublishOptions { qos?: 0 | 1; retain?: boolean; signal?: AbortSignal }
export interface RequestOptions {
  /** Milliseconds; 10,000 by default. */
  timeout?: number
  /** Whether it is sent again after a lost connection; it may act twice. */
  repeat?: boolean
  signal?: AbortSignal
}
export interface SubscribeOptions {
  persistent?: boolean
  /** When a message is acknowledged: when its handler has finished, by `message.ack()`, or at once. */
  ack?: 'handled' | 'manual' | 'received'
  /** How many handlers run at once; 1 by default. */
  parallel?: number
  signal?: AbortSignal
}
export type Handler<T> = (message: Message<T>) => unknown

export interface Message<T = Json> {
  readonly channel: string
  readonly data: T
  /** The publisher's client id; empty for the server. */
  readonly from: string
  readonly qos: 0 | 1
  readonly id?: string
  readonly retained: boolean
  ack(): void
}

export interface Subscription<T = Json> extends AsyncIterable<Message<T>> {
  readonly channel: string
  readonly state: 'pending' | 'active' | 'waiting' | 'ended'
  ready(): Promise<void>
  /** Ends it at the broker. */
  unsubscribe(): Promise<void>
  /** Ends it here only: the broker stores on for a persistent one. */
  stop(): void
}

export interface Events {
  state: {
    state: State; previous: State; reason?: Reason; status?: number; text?: string; address?: string; attempt: number
    wait?: number
  }
  subscription: {
    channel: string; state: Subscription['state']; reason?: Reason | SubscriptionEnd; status?: number; text?: string
    restored: boolean; gap: boolean
  }
  /** A publish that failed, or one that a former page had kept. */
  publish: { id?: string; channel: string; outcome: 'done' | 'refused' | 'failed'; error?: RialtoError }
  slow: { channel: string; dropped?: number }
  outbox: { restored: number }
  error: { kind: 'handler' | 'listener' | 'store' | 'frame'; error: unknown; message?: Message }
}

export interface OutboxStore {
  /** Returns the frames that were left, or null if another holder has them. */
  open(name: string): Promise<Array<[id: string, frame: string]> | null>
  put(id: string, frame: string): Promise<void>
  delete(id: string): Promise<void>
  close(): Promise<void>
}

export class RialtoError extends Error {
  readonly reason: Reason | SubscriptionEnd
  readonly status?: number
  /** Whether the same call may succeed later. */
  readonly temporary: boolean
}
/** Thrown by a credentials function, it ends the client. */
export class Unauthorized extends Error {
  constructor(message?: string)
}
