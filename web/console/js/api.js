// The one place that talks to the broker: a function for each route. The cookie of the session goes with each
// request by itself; what changes something shows the session's word against forgery too, which only this file has.

import { parseKeepingPayloads } from "./lib/raw.js";
import { here, go, link } from "./lib/router.js";

/** An answer that is none: the problem document's title and detail, or what else is known. */
export class Refusal extends Error {
  /** The status is 0 if there was no answer. */
  constructor(status, title, detail) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.detail = detail;
  }
}

/** How it stands with the broker: when it answered last, and since when it does not. */
export const connection = { answeredAt: Date.now(), lostSince: 0 };

/** @type {Session | undefined} */
let session;
export const who = () => session;

/** Whether the session has a right; the server decides, this is for buttons. */
export const may = (right) => session?.rights.includes(right) ?? true;

function search(query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return kept.length ? `?${new URLSearchParams(kept.map(([name, value]) => [name, String(value)]))}` : "";
}

const path = (segments, query) => `/v1/${segments.map(encodeURIComponent).join("/")}${search(query)}`;

/** Sends a request, and answers with its response if that is none of the bad ones. */
async function ask(address, options = {}) {
  let response;
  try {
    response = await fetch(address, { cache: "no-store", credentials: "same-origin", ...options });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    connection.lostSince ||= Date.now();
    throw new Refusal(0, "The broker does not answer", "It may be restarting, or the network between is cut. This page goes on trying.");
  }
  connection.answeredAt = Date.now();
  connection.lostSince = 0;
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401 && session !== undefined) signInAgain("expired");
  throw new Refusal(response.status, problem.title ?? `Status ${response.status}`, problem.detail ?? "");
}

/** Leaves for the page that signs in, and comes back here after. */
export function signInAgain(why) {
  session = undefined;
  const at = location.pathname + location.search;
  if (here().segments[0] !== "sign-in") go(link(["sign-in"], { to: at === "/" ? "" : at, why }));
}

/** @returns {Promise<any>} */
const get = async (address, signal) => parseKeepingPayloads(await (await ask(address, { signal: signal ?? null })).text());

/** @returns {(signal?: AbortSignal) => Promise<any>} */
function shared(asking) {
  /** @type {Promise<any>} */
  let answer;
  let until = 0;
  return () => {
    if (Date.now() < until) return answer;
    until = Date.now() + 1000;
    return answer = asking();
  };
}

/**
 * Changes something. The body is sent as it is if it is a text.
 * @returns {Promise<any>}
 */
async function change(method, address, body) {
  /** @type {Record<string, string>} */
  const headers = { "content-type": "application/json" };
  if (session?.csrf) headers["x-rialto-csrf"] = session.csrf;
  const sent = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
  const response = await ask(address, { method, headers, body: sent });
  const text = await response.text();
  return text ? parseKeepingPayloads(text) : undefined;
}

// Sessions

/** Takes up the session that the cookie stands for; answers whether there is one. */
export async function resume() {
  try {
    session = await get("/v1/session");
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) return false;
    throw error;
  }
  return true;
}

export async function signIn(shown) {
  session = await change("POST", "/v1/session", shown);
}

export async function signOut() {
  await change("DELETE", "/v1/session");
  session = undefined;
}

// What is to be seen. Types of answers come from the broker's own description (`Api`), as far as it has them.

/** @returns {Promise<Api.ClientsPage & { clients: Client[], missing_nodes?: string[] }>} */
export const clients = (query, signal) => get(path(["clients"], query), signal);
/** @returns {Promise<Client>} */
export const client = (id, signal) => get(path(["clients", id]), signal);
/** @returns {Promise<Api.SubscriptionsJson>} */
export const subscriptions = (id, signal) => get(path(["clients", id, "subscriptions"]), signal);
/** @returns {Promise<Api.BanJson>} */
export const ban = (id, signal) => get(path(["clients", id, "ban"]), signal);
/** @returns {Promise<Api.BansJson>} */
export const bans = (signal) => get(path(["bans"]), signal);

/** @returns {Promise<Api.ChannelsPage & { missing_nodes?: string[] }>} */
export const channels = (query, signal) => get(path(["channels"], query), signal);
/** @returns {Promise<Api.ChannelJson>} */
export const channel = (name, signal) => get(path(["channels", name]), signal);
/** @returns {Promise<Api.SubscribersPage>} */
export const subscribers = (name, query, signal) => get(path(["channels", name, "subscribers"], query), signal);

/** @returns {Promise<Kept>} */
export const retained = (name, signal) => get(path(["channels", name, "retained"]), signal);
/** @returns {Promise<{ messages: Kept[] }>} */
export const history = (name, signal) => get(path(["channels", name, "history"]), signal);

/** @returns {Promise<Backlog>} */
export const backlog = (name, signal) => get(path(["channels", name, "backlog"]), signal);

/** @returns {Promise<{ events: Happened[], next?: number | null }>} */
export const events = (query, signal) => get(path(["events"], query), signal);
/** @returns {Promise<Record<string, number>>} */
export const stats = (signal) => get(path(["stats"]), signal);

/** @returns {Promise<Series>} */
export const statsHistory = (query, signal) => get(path(["stats", "history"], query), signal);
/** Several parts of a page want these: whoever asks within a second gets the same answer. */
export const counts = shared(() => get(path(["counts"])));
export const nodes = shared(() => get(path(["nodes"])));
/** @returns {Promise<any>} */
export const configuration = (signal) => get(path(["configuration"]), signal);

/** The checks of readiness, by name: whether each passes. */
export async function checks(signal) {
  const response = await fetch("/readyz?verbose", { cache: "no-store", signal: signal ?? null });
  const lines = (await response.text()).matchAll(/^\[([+-])\](\S+) (.*)$/gm);
  return [...lines].map(([, sign, name = "", text = ""]) => ({ name, passes: sign === "+", text }));
}

// What changes something

export const publish = (channel, payload, { qos, retain }) =>
  change("POST", path(["channels", channel, "messages"], { qos, retain: retain ? "true" : "" }), payload);
export const putRetained = (channel, payload) => change("PUT", path(["channels", channel, "retained"]), payload);
export const clearRetained = (channel) => change("DELETE", path(["channels", channel, "retained"]));
/** @returns {Promise<{ dropped: number }>} */
export const purge = (channel, until) => change("DELETE", path(["channels", channel, "backlog"], { until }));
export const disconnect = (id) => change("POST", path(["clients", id, "disconnect"]), { reason: "disconnected from the console" });
export const banClient = (id, ban) => change("POST", path(["clients", id, "ban"]), ban);
export const liftBan = (id) => change("DELETE", path(["clients", id, "ban"]));
export const revokeTokens = (id) => change("POST", path(["clients", id, "revoke-tokens"]));
/** @returns {Promise<Api.TokenJson>} */
export const signToken = (id) => change("POST", path(["clients", id, "token"]));
export const subscribe = (id, channel, persistent) => change("POST", path(["clients", id, "subscriptions"]), { channel, persistent });
export const unsubscribe = (id, channel, persistent) => change("DELETE", path(["clients", id, "subscriptions"]), { channel, persistent });
/** @returns {Promise<any>} */
export const testAccess = (question) => change("POST", path(["access", "test"]), question);

/**
 * Messages as they pass, line by line, until the signal ends it or the broker does. Unlike an EventSource this hears why
 * it is refused: a filter that is wrong, a right that is missing.
 */
export async function tail(query, signal, take) {
  const response = await ask(path(["tail"], query), { signal, headers: { accept: "application/x-ndjson" } });
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).pipeThrough(/** @type {any} */ (new TextDecoderStream())).getReader();
  let left = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    connection.answeredAt = Date.now();
    const lines = (left + value).split("\n");
    left = lines.pop() ?? "";
    const whole = lines.filter(Boolean);
    if (whole.length) take(whole.map(parseKeepingPayloads), whole);
  }
}
