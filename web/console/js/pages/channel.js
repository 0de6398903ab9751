// One channel: what goes through it now (the live tail), what it keeps, who listens, and a way to publish.

import { h, setContent } from "../lib/dom.js";
import { bytes, count, span, when } from "../lib/format.js";
import { jsonBlock } from "../lib/json.js";
import { every } from "../lib/poll.js";
import { here, link } from "../lib/router.js";
import { named } from "../lib/text.js";
import * as api from "../api.js";
import { asked } from "../components/asked.js";
import { amount, button, card, clientLink, copyButton, dash, empty, facts, figure, messages, pageHead, perSecond, rightButton, save, state, tabs } from "../components/bits.js";
import { clearForm, purgeForm, replaceForm } from "../components/channel-actions.js";
import { inAddress, list } from "../components/list.js";
import { publishForm } from "../components/publish.js";
import { table } from "../components/table.js";
import { liveTail } from "../components/tail.js";
import { COLUMNS as SETTINGS } from "./configuration.js";

/** @type {[string, string][]} */
const TABS = [["", "Live"], ["history", "History"], ["subscribers", "Subscribers"], ["retained", "Retained message"], ["backlog", "Backlog"], ["settings", "Settings"]];
/** How old a retained or stored thing is asked to be at most. */
const REFRESH_MS = 3000;

/** @type {Maker} */
export function page(_query, name) {
  const figures = channelFigures();
  const lead = h("span", {}, "\u00a0");
  const nav = h("div", {});
  const panel = h("div", { class: "stack" });
  const clear = rightButton("manage", "Clear retained …", { onclick: () => clearForm(name) });
  const empties = rightButton("manage", "Purge backlog …", { class: "danger", onclick: () => purgeForm(name) });
  const isAllowed = !clear.disabled;
  /** @type {Part | undefined} */
  let part;
  /** @type {Channel | undefined} */
  let one;

  function showTabs() {
    const tab = here().query.get("tab") ?? "";
    /** @type {Record<string, number | undefined>} */
    const numbers = { history: one?.history, subscribers: one?.subscribers, backlog: one?.log_messages };
    setContent(nav, tabs(TABS.map(([key, text]) => ({ key, text, count: numbers[key] === undefined ? undefined : count(numbers[key] ?? 0),
      query: { tab: key || undefined, filter: undefined, offset: undefined, paused: undefined, after: undefined, sort: undefined, order: undefined } })), tab, "About this channel"));
  }

  const stop = every(2000, async (signal) => {
    try {
      one = await api.channel(name, signal);
      setContent(lead, one.subscribers ? `${count(one.subscribers)} connected ${one.subscribers === 1 ? "subscriber" : "subscribers"}` : "Nobody who is connected listens");
    } catch (error) {
      if (!(error instanceof api.Refusal) || error.status !== 404) { if (!signal.aborted && !one) setContent(lead, error instanceof Error ? error.message : ""); throw error; }
      one = undefined;
      setContent(lead, "Not in use: nobody is subscribed and nothing is kept. Publish to it, or wait here.");
    }
    figures.show(one);
    clear.disabled = !isAllowed || !one?.retained;
    empties.disabled = !isAllowed || !one?.log_messages;
    showTabs();
  });

  function show() {
    const { query } = here();
    const tab = query.get("tab") ?? "";
    showTabs();
    part?.stop?.();
    /** @type {Record<string, () => Part>} */
    const parts = { history: () => history(name), subscribers: () => subscribers(name), retained: () => retained(name), backlog: () => backlog(name), settings };
    part = (parts[tab] ?? (() => live(name)))();
    panel.replaceChildren(part.element);
  }
  show();

  const element = h("div", {}, pageHead({ crumbs: h("a", { href: "/channels" }, "Channels"), title: named(name), lead, actions: [clear, empties] }), figures.element, nav, panel);
  return { title: name, element, update: show, stop: () => { stop(); part?.stop?.(); } };
}

function channelFigures() {
  const all = ["In", "Out", "Persistent", "Backlog", "History", "Retained"].map((name) => figure(name));
  const element = h("section", { class: "card figures channel-facts", "aria-label": "At the moment" }, all.map((one) => one.element));

  function show(one) {
    const values = [amount(one?.in_rate, perSecond), amount(one?.out_rate, perSecond), amount(one?.persistent_subscribers, count), amount(one?.log_messages, messages), amount(one?.history, messages), one ? (one.retained ? "Yes" : "None") : dash()];
    const notes = [`${bytes(one?.in_byte_rate ?? 0)}/s of payload`, `to ${count(one?.subscribers ?? 0)} subscribers`, "connected or not", one?.log_messages ? `${bytes(one.log_bytes)}, oldest ${span(one.oldest_s ?? 0)}` : "all is acknowledged", "the last messages", one?.retained ? "new subscribers get it" : "nothing is kept so"];
    all.forEach((at, index) => { setContent(at.value, values[index]); setContent(at.note, notes[index]); });
  }
  return { element, show };
}

/** @type {Column<Api.SubscriberJson>[]} */
const SUBSCRIBERS = [
  { name: "Client", class: "name", phone: 1, cell: (it) => clientLink(it.client) },
  { name: "Kind", phone: 3, cell: (it) => it.persistent ? "persistent" : "temporary" },
  { name: "State", phone: 4, cell: (it) => state(it.online ? "online" : "offline", it.online ? "Online" : "Not there") },
  { name: "Lag", sort: "lag", right: true, phone: 2, cell: (it) => amount(it.lag, messages) },
  { name: "Unacknowledged", sort: "unacknowledged", right: true, cell: (it) => amount(it.unacknowledged, count) },
];

function live(name) {
  const form = publishForm(name);
  const tail = liveTail({ channel: name }, form.write);
  const rows = table(SUBSCRIBERS.slice(0, 4).map(({ sort: _sort, ...column }) => column), (it) => it.client, { caption: "Subscribers that are furthest behind" });
  const behind = asked({ ms: REFRESH_MS, ask: (signal) => api.subscribers(name, { sort: "lag", limit: 6 }, signal), show: ({ subscribers: all }) => {
    rows.fill(all);
    return all.length ? rows.element : empty("Nobody is subscribed", "What is published reaches nobody; the history and a retained message are kept.");
  } });
  const element = h("div", { class: "stack" }, tail.element, h("div", { class: "cols two" }, form.element,
    card("Subscribers furthest behind", { end: h("a", { href: link(["channels", name], { tab: "subscribers" }) }, "All") }, behind.element)));
  return { element, stop: () => { tail.stop(); behind.stop(); } };
}

function subscribers(name) {
  const query = inAddress("prefix", "sort", "order", "after");
  return list({ caption: "Subscribers", file: "subscribers", columns: SUBSCRIBERS, keyOf: (it) => it.client, query: { ...query, sort: query.sort ?? "lag" }, byName: "By name",
    ask: async (wanted, signal) => { const answer = await api.subscribers(name, wanted, signal); return { ...answer, rows: answer.subscribers }; },
    empty: () => empty("Nobody is subscribed", "Subscribe somebody on the page of a client, or with this:", "rialto sub room/kitchen") });
}

function history(name) {
  /** @type {Kept[]} */
  let known = [];

  const line = (kept) => `{"channel":${JSON.stringify(name)},"publisher":${JSON.stringify(kept.publisher)},"at_ms":${kept.at_ms ?? null},"payload":${kept.payload}}\n`;
  const shape = (all) => JSON.stringify(all.map((kept) => [kept.at_ms, kept.publisher, kept.payload.length]));
  let shown = "";
  const offer = button("There are newer messages; show", { class: "small", hidden: true, onclick: () => { shown = ""; part.now(); } });
  const place = h("ol", { class: "kept" });
  const part = asked({ ms: REFRESH_MS, ask: (signal) => api.history(name, signal), show: ({ messages }) => {
    if (shown && shape(messages) !== shown) { offer.hidden = false; return place; }
    if (shown) return place;
    known = messages;
    shown = shape(messages);
    offer.hidden = true;
    if (messages.length === 0) { shown = ""; return empty("Nothing is in the history", "The history keeps the last messages of a channel, 10 unless “history” in the settings says otherwise."); }
    place.replaceChildren(...[...messages].reverse().map((kept) => h("li", {}, keptHead(kept), jsonBlock(kept.payload))));
    return place;
  } });
  const keep = button("Save", { class: "small", title: "All of it, as JSON lines", onclick: () => save("history.jsonl", known.map(line)) });
  return { element: card("History", { hint: "newest first", end: [offer, keep] }, part.element), stop: part.stop };
}

const keptHead = (kept) => h("p", { class: "kept-head" }, kept.at_ms ? when(kept.at_ms, true) : h("span", { class: "quiet" }, "time not known"), " ", kept.publisher ? clientLink(kept.publisher) : h("span", { class: "quiet" }, "by the server"), " ", h("span", { class: "quiet" }, bytes(new TextEncoder().encode(kept.payload).length)));

function retained(name) {
  const absent = (error) => { if (error.status === 404) return undefined; throw error; };
  const part = asked({ ms: REFRESH_MS, ask: (signal) => api.retained(name, signal).catch(absent), show: (kept) => kept
    ? h("div", { class: "card-body" }, keptHead(kept), jsonBlock(kept.payload), h("p", { class: "inspector-actions" }, copyButton(kept.payload, "Copy JSON", { class: "small" })))
    : empty("No message is retained", "A retained message is what each new subscriber gets first.") });
  const element = card("Retained message", { hint: "what each new subscriber gets first", end: [
    rightButton("publish", "Replace …", { class: "small", onclick: () => replaceForm(name, part.now) }), rightButton("manage", "Clear …", { class: "small danger", onclick: () => clearForm(name, part.now) })] }, part.element);
  return { element, stop: part.stop };
}

function backlog(name) {
  const rows = table([
    { name: "Client", class: "name", phone: 1, cell: (it) => clientLink(it.client) },
    { name: "Offset", right: true, phone: 3, cell: (it) => amount(it.offset, count) },
    { name: "Lag", right: true, phone: 2, cell: (it) => amount(it.lag, messages) },
  ], (/** @type {{ client: string, offset: number, lag: number }} */ it) => it.client, { caption: "The slowest cursors" });
  const about = h("div", { class: "card-body" });
  const part = asked({ ms: REFRESH_MS, ask: (signal) => api.backlog(name, signal), show: (it) => {
    setContent(about, facts([["Oldest kept", `offset ${count(it.head)}`], ["Next", `offset ${count(it.end)}`], ["Messages", it.messages_max ? `${count(it.messages)} of ${count(it.messages_max)}` : count(it.messages)], ["Size", it.bytes_max ? `${bytes(it.bytes)} of ${bytes(it.bytes_max)}` : bytes(it.bytes)],
      ["Oldest", it.oldest_ms ? [when(it.oldest_ms), `, ${span(Math.max(0, (Date.now() - it.oldest_ms) / 1000))} ago`] : "nothing waits"],
      ["Full in", it.full_in_s ? `${span(it.full_in_s)} at this pace` : "not at this pace"]]));
    rows.fill(it.slowest ?? []);
    const isStored = Boolean(it.not_in_memory);
    return [about, isStored && h("p", { class: "card-body quiet" }, `${count(it.not_in_memory ?? 0)} subscribers that were not there for some time are only stored, and not among these.`), it.slowest?.length ? rows.element : isStored ? null : empty("Nobody is behind", "All persistent subscribers have acknowledged what was stored.")];
  } });
  return { element: card("Backlog", { hint: "stored until all persistent subscribers have acknowledged", end: rightButton("manage", "Purge …", { class: "small danger", onclick: () => purgeForm(name) }) }, part.element), stop: part.stop };
}

function settings() {
  const rows = table(SETTINGS, (one) => one.key, { caption: "Settings of channels" });
  const part = asked({ ms: 10_000, ask: api.configuration, show: (/** @type {{ settings: any[] }} */ answer) => {
    rows.fill(answer.settings.filter((one) => /^(channels|history|retained|log)\b/.test(one.key)));
    return rows.element;
  } });
  return { element: card("Settings", { hint: "those of all channels, and the rules", end: h("a", { href: link(["configuration"]) }, "All settings") }, part.element), stop: part.stop };
}
