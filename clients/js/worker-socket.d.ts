/**
 * A WebSocket in a worker, for the option `WebSocket`, so that bursts of messages make no frame of the page late.
 * Where the page's policy forbids workers (`worker-src blob:`) it is a WebSocket of the page.
 */
export const WorkerWebSocket: new (address: string) => unknown
