// Clients: who is there, who is slow, who is behind.

import { bar, h } from "../lib/dom.js";
import { bytes, count, span } from "../lib/format.js";
import { here, go, linkHere } from "../lib/router.js";
import { visible } from "../lib/text.js";
import * as api from "../api.js";
import { amount, choice, clientLink, dash, empty, messages, pageHead, perSecond, state, tabs } from "../components/bits.js";
import { inAddress, list, nameFilter } from "../components/list.js";
import { banned } from "../components/banned.js";
import { totals } from "../components/totals.js";

/** @type {[string, string][]} */
const STATES = [["", "All"], ["online", "Online"], ["slow", "Slow"], ["detached", "Detached"], ["offline", "Offline"], ["banned", "Banned"]];
/** @type {[string, string][]} */
const PROTOCOLS = [["", "Every protocol"], ["jmqt", "JMQT"], ["jmqt-websocket", "JMQT, WebSocket"], ["coremq", "CoreMQ"], ["coremq-websocket", "CoreMQ, WebSocket"], ["pubsubx", "PubSubX"]];

/** The one word for how it stands with a client. */
export const stateOf = (one) => one.banned ? "banned" : one.online ? (one.slow ? "slow" : "online") : one.lost ? "detached" : "offline";

/** How it speaks, as people write it. */
export const speaks = (one) => one.protocol ? PROTOCOLS.find(([key]) => key === one.protocol)?.[1] ?? one.protocol : dash();

/** For how long it is there, or since when not. */
export const howLong = (one) => one.online && one.connected_s !== null && one.connected_s !== undefined ? span(one.connected_s)
  : h("span", { class: "quiet" }, `seen ${span(Math.max(0, Math.round((Date.now() - one.last_seen_ms) / 1000)))} ago`);

/** @type {Column<Client>[]} */
const COLUMNS = [
  { name: "Client", class: "name", phone: 1, cell: (one) => clientLink(one.id) },
  { name: "State", phone: 2, cell: (one) => state(stateOf(one)) },
  { name: "Speaks", phone: 3, cell: speaks },
  { name: "Address", class: "soft", cell: (one) => one.address ?? dash() },
  { name: "Connected for", right: true, phone: 4, cell: howLong },
  { name: "Subscriptions", sort: "subscriptions", right: true, cell: (one) => amount(one.subscriptions, count) },
  { name: "In", sort: "in_rate", right: true, cell: (one) => amount(one.in_rate, perSecond) },
  { name: "Out", sort: "out_rate", right: true, cell: (one) => amount(one.out_rate, perSecond) },
  { name: "Lag", sort: "lag", right: true, cell: (one) => amount(one.lag, messages) },
  { name: "Pending", sort: "pending_bytes", right: true, cell: (one) => [amount(one.pending_bytes, bytes), one.slow && bar(1, "cell-bar", "warn")] },
];

/** @type {Maker} */
export function page(query) {
  const holder = h("div", { class: "list-page" });
  const sums = totals();
  let stop = () => {};
  function show() {
    stop();
    const { query: at } = here();
    const chosen = at.get("state") ?? "";
    const head = tabs(STATES.map(([key, text]) => ({ key, text, count: sums.place("clients", key || "all"), query: { state: key || undefined, after: undefined } })), chosen, "State");
    const rows = chosen === "banned" ? banned() : clientList(at);
    holder.replaceChildren(head, rows.element);
    stop = rows.stop;
  }
  show();
  const element = h("div", {}, pageHead({ title: "Clients", lead: "Who has a persistent subscription stays known while it is offline." }), holder);
  return { title: "Clients", element, update: show, stop: () => { stop(); sums.stop(); } };
}

function clientList(at) {
  const asked = inAddress("prefix", "contains", "state", "protocol", "node", "sort", "order", "after");
  const protocol = choice("Protocol", PROTOCOLS, asked.protocol ?? "", (value) => go(linkHere({ protocol: value, after: undefined })));
  return list({
    caption: "Clients", file: "clients", columns: COLUMNS, keyOf: (one) => one.id, query: asked, byName: "By id",
    ask: async (wanted, signal) => { const answer = await api.clients(wanted, signal); return { ...answer, rows: answer.clients }; },
    filters: [nameFilter("Id", at), protocol],
    empty: () => nobody(at),
  });
}

function nobody(at) {
  const all = h("a", { href: "/clients" }, "Show all clients");
  const name = at.get("prefix") ?? at.get("contains");
  if (name) return empty(["No client here is called so: “", h("bdi", {}, visible(name)), "”"], ["Ids are compared exactly, capitals included.  ", all]);
  if (at.get("state") || at.get("protocol")) return empty(at.get("state") === "slow" ? "No client is slow" : "No client fits", all);
  return empty("No client has connected yet", "Connect one, and it appears here within seconds:", "rialto sub --client fridge --persistent room/kitchen");
}
