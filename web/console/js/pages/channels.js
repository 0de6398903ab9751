// Channels: which are busy, which pile up, which nobody hears.

import { h } from "../lib/dom.js";
import { bytes, count, span } from "../lib/format.js";
import { here, link } from "../lib/router.js";
import { visible } from "../lib/text.js";
import * as api from "../api.js";
import { amount, channelLink, dash, empty, messages, pageHead, perSecond, tabs } from "../components/bits.js";
import { inAddress, list, nameFilter } from "../components/list.js";
import { totals } from "../components/totals.js";

/** @type {[string, string, string][]} */
const KINDS = [["", "In use", "all"], ["backlog", "With backlog", "backlog"], ["retained", "Retained message", "retained"], ["unheard", "Nobody listens", "unheard"]];

/** @type {Column<Api.ChannelJson>[]} */
const COLUMNS = [
  { name: "Channel", class: "name", phone: 1, cell: (one) => channelLink(one.name) },
  { name: "Subscribers", sort: "subscribers", right: true, phone: 4, cell: (one) => amount(one.subscribers, count) },
  { name: "Persistent", sort: "persistent_subscribers", right: true, cell: (one) => amount(one.persistent_subscribers, count) },
  { name: "In", sort: "in_rate", right: true, phone: 2, cell: (one) => amount(one.in_rate, perSecond) },
  { name: "Out", sort: "out_rate", right: true, cell: (one) => amount(one.out_rate, perSecond) },
  { name: "Backlog", sort: "log_messages", right: true, phone: 3, cell: (one) => amount(one.log_messages, messages) },
  { name: "Bytes", sort: "log_bytes", right: true, cell: (one) => amount(one.log_bytes, bytes) },
  { name: "Oldest", sort: "oldest_s", right: true, cell: (one) => amount(one.oldest_s, span) },
  { name: "History", sort: "history", right: true, cell: (one) => amount(one.history, messages) },
  { name: "Retained", cell: (one) => one.retained ? "Yes" : dash() },
];

/** @type {Maker} */
export function page() {
  const holder = h("div", { class: "list-page" });
  const sums = totals();
  let stop = () => {};
  function show() {
    stop();
    const { query: at } = here();
    const asked = inAddress("prefix", "contains", "kind", "node", "sort", "order", "after");
    const head = tabs(KINDS.map(([key, text, name]) => ({ key, text, count: sums.place("channels", name), query: { kind: key || undefined, after: undefined } })), asked.kind ?? "", "Kind");
    const rows = list({
      caption: "Channels", file: "channels", columns: COLUMNS, keyOf: (one) => one.name, query: asked, byName: "By name",
      ask: async (wanted, signal) => { const answer = await api.channels(wanted, signal); return { ...answer, rows: answer.channels }; },
      filters: nameFilter("Name", at), empty: () => nothing(at),
    });
    holder.replaceChildren(head, rows.element);
    stop = rows.stop;
  }
  show();
  const element = h("div", {}, pageHead({ title: "Channels", lead: "In use: somebody is subscribed, or messages are kept." }), holder);
  return { title: "Channels", element, update: show, stop: () => { stop(); sums.stop(); } };
}

function nothing(at) {
  const all = h("a", { href: link(["channels"]) }, "Show all channels");
  const name = at.get("prefix") ?? at.get("contains");
  if (name) {
    return empty(["No channel in use is called so: “", h("bdi", {}, visible(name)), "”"],
      ["A channel exists while somebody is subscribed, or while it keeps messages.  ", h("a", { href: link(["channels", name]) }, "Look at it all the same"), "  ", all]);
  }
  if (at.get("kind")) return empty({ backlog: "No channel has a backlog", retained: "No channel has a retained message" }[at.get("kind") ?? ""] ?? "Somebody listens to each channel", all);
  return empty("No channel is in use yet", "Publish something, and it appears here:", "rialto pub --retain room/kitchen '{\"celsius\":21.5}'");
}
