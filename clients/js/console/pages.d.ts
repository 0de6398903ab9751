/** Types that the console's pages share, beside those of the broker's answers (`Api`, which is made from its description). */

type Piece = Node | string | number | null | undefined | false
/** Anything that can be shown, and lists of it. */
type Child = Piece | any[]
type Query = Record<string, string | number | null | undefined>

interface Session { user: string; role?: string; rights: string[]; expires_ms?: number | null; csrf: string }
type Client = Api.ClientJson & { node?: string; groups?: string[]; signed_in_by?: string; expires_ms?: number | null; heartbeat_s?: number | null; slow_for_s?: number | null; banned?: boolean }
type Channel = Api.ChannelJson
type Happened = Api.EventJson & { [field: string]: any }
/** A message that is kept, its payload as the text that it was written as. */
type Kept = Omit<Api.KeptMessage, 'payload'> & { payload: string }
interface Series { from_ms: number; step_ms: number; series: Record<string, (number | null)[]> }
interface Backlog {
  head: number; end: number; messages: number; bytes: number; oldest_ms?: number | null; slowest: { client: string; offset: number; lag: number }[]
  full_in_s?: number | null; not_in_memory?: number; messages_max?: number; bytes_max?: number
}
interface Setting { key: string; value: unknown; default?: unknown; changed?: boolean; source: string; reload: boolean; pending?: boolean }
interface Trouble { level: 'bad' | 'warn'; kind: string; text: Child; href: string; link: string }

/** The first column is the row's heading. `phone`: 1 to 4, the corner of the card that a row becomes on a phone; the sorted column takes corner 4. */
interface Column<R> { name: string; cell: (row: R) => Child; class?: string; right?: boolean; sort?: string; phone?: number }
interface Part { element: Element; stop?: () => void }
/** A page: its title, what it shows, what ends its work, and, if it can take other queries without beginning anew, how. */
interface Page extends Part { title: string; update?: (query: URLSearchParams) => void }
type Maker = (query: URLSearchParams, name: string) => Page

/** A line of a chart; a value that is not known leaves a gap. */
interface Line { label: string; values: (number | null)[] }
interface ChartOptions { name: string; format: (value: number, isAxis?: boolean) => string; limit?: number; isBinary?: boolean; area?: boolean; dashes?: boolean }

/** What a tail tells of a message. */
interface Passed {
  event: string; at_ms: number; channel: string; publisher: string; server?: string; on_behalf_of?: string; qos: number; bytes: number; decision: string
  sent_to?: number; waits_for?: number; sequence?: number; client?: string; why?: string; count?: number; payload?: string
}
interface TailRow { message: Passed; line: string; element: HTMLElement }

/** A question before an action; what `act` gives is said after. */
interface Question { title: Child; text: Child; fields?: Child; action: string; act: () => Promise<string | void>; typed?: string; isHarmless?: boolean }
/** What is asked for every so often, and how it is shown. */
interface Asking<T> { ms: number; ask: (signal: AbortSignal) => Promise<T>; show: (answer: T) => Child; rows?: number }
interface Head { crumbs?: Child; title: Child; lead?: Child; actions?: Child }
interface Around { hint?: Child; end?: Child; foot?: Child }
interface Listed<R> { rows: R[]; next?: string | null; total?: number; age_ms?: number; missing_nodes?: string[]; not_in_memory?: number }
interface List<R> {
  caption: string; file: string; columns: Column<R>[]; keyOf: (row: R) => string; query: Query; byName: string; filters?: Child; empty: () => Child
  ask: (query: Query, signal?: AbortSignal) => Promise<Listed<R>>
}
