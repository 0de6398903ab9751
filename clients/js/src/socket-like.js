/** What the WebSockets of this package have in common with a browser's: where they stand, and whom they tell. */

export class SocketLike {
  CLOSED = 3
  readyState = 0
  /** @type {((event?: any) => void) | undefined} */
  onopen = undefined
  /** @type {((event: { data: string }) => void) | undefined} */
  onmessage = undefined
  /** @type {((event: { code: number, reason: string }) => void) | undefined} */
  onclose = undefined
  /** @type {((error: unknown) => void) | undefined} */
  onerror = undefined
}
