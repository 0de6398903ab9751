// Overview: is it well, how much goes through it, and who makes trouble; in this order.

import { bar, h, setContent } from "../lib/dom.js";
import { bytes, compact, count, millis, rate, span, when } from "../lib/format.js";
import { every } from "../lib/poll.js";
import { here, link } from "../lib/router.js";
import * as api from "../api.js";
import { asked } from "../components/asked.js";
import { amount, card, channelLink, clientLink, figure, messages, pageHead, perSecond, segments, state, unit } from "../components/bits.js";
import { chart, spark } from "../components/chart.js";
import { timeline } from "../components/happened.js";
import { nodeTable } from "../components/node-table.js";
import { table } from "../components/table.js";
import { lookAt } from "../components/attention.js";

const axisRate = (value, isAxis = false) => isAxis ? compact(value) : `${rate(value)} /s`;

/** @type {Maker} */
export function page() {
  const figures = keyFigures();
  const lines = charts();
  const parts = [slowest(), busiest(), nodeCard(), lastProblems(), attention()];
  const [slow, busy, nodes, problems, look] = parts.map((part) => part.element);
  const choices = h("div", { class: "actions" });
  const showRange = () => setContent(choices, segments("range", [["", "5 min"], ["1h", "1 h"], ["24h", "24 h"]], here().query.get("range") ?? "", "Time shown"));
  showRange();
  const element = h("div", { class: "stack" },
    pageHead({ title: "Overview", lead: figures.lead, actions: choices }), look, figures.element, lines.element("top"),
    h("div", { class: "cols two" }, slow, busy), h("div", { class: "cols two" }, nodes, problems), lines.element("bottom"));
  return {
    title: "Overview", element,
    update: () => { showRange(); lines.now(); },
    stop: () => { figures.stop(); lines.stop(); for (const part of parts) part.stop(); },
  };
}

function attention() {
  const element = h("section", { class: "card attention calm", "aria-label": "What needs a look" });
  const part = asked({ ms: 5000, rows: 1, ask: lookAt, show: ({ troubles, last }) => {
    element.classList.toggle("calm", troubles.length === 0);
    const quiet = h("li", {}, state("ok", "Well"), h("span", {}, "Nothing needs a look.", last && [" The last problem was at ", when(last), "."]), h("a", { href: link(["problems"]) }, "Problems"));
    return h("ul", {}, troubles.length ? troubles.slice(0, 5).map((it) => h("li", {}, state(it.level, it.kind), h("span", {}, it.text), h("a", { href: it.href }, it.link))) : quiet);
  } });
  element.append(part.element);
  return { element, stop: part.stop };
}

function keyFigures() {
  const lead = h("span", {}, "\u00a0");
  const into = figure("Messages in"), out = figure("Messages out"), connections = figure("Connections", link(["clients"], { state: "online" }));
  const clients = figure("Clients", link(["clients"])), channels = figure("Channels", link(["channels"])), stored = figure("Stored", link(["channels"], { kind: "backlog", sort: "log_bytes" }));
  const stop = every(2000, async () => {
    /** @type {any[]} */
    const nodes = (await api.nodes()).nodes;
    const sum = (name) => nodes.reduce((all, node) => all + (node[name] ?? 0), 0);
    const most = sum("connections_max");
    const [size = "", sizeUnit = ""] = bytes(sum("log_bytes")).split(" ");
    setContent(lead, `${nodes.length === 1 ? "One node" : `${nodes.length} nodes`}, up for ${span(nodes[0]?.uptime_s ?? 0)}.`);
    setContent(into.value, [rate(sum("in_rate")), unit("/s")]);
    setContent(into.note, `${bytes(sum("in_byte_rate"))}/s`);
    setContent(out.value, [rate(sum("out_rate")), unit("/s")]);
    setContent(out.note, sum("in_rate") ? `${(sum("out_rate") / sum("in_rate")).toFixed(1)} for each one in` : "\u00a0");
    setContent(connections.value, count(sum("connections")));
    setContent(connections.note, [`${Math.round(100 * sum("connections") / most)} % of ${count(most)}`, bar(sum("connections") / most, "meter")]);
    setContent(stored.value, [size, unit(sizeUnit)]);
    setContent(stored.note, `${count(sum("log_messages"))} messages that wait`);
  });
  const stopCounts = every(5000, async () => {
    const totals = await api.counts();
    setContent(clients.value, count(totals.clients.all));
    setContent(clients.note, `${count(totals.clients.online)} online, ${count(totals.clients.detached)} detached`);
    setContent(channels.value, count(totals.channels.all));
    setContent(channels.note, `${count(totals.channels.backlog)} with backlog`);
  });
  const element = h("section", { class: "card figures", "aria-label": "At the moment" }, [into, out, connections, clients, channels, stored].map((one) => one.element));
  return { element, lead, stop: () => { stop(); stopCounts(); } };
}

/** The charts: which series each shows. */
function charts() {
  const latency = (ms, isAxis = false) => isAxis ? `${+ms.toPrecision(2)} ms` : millis(ms);
  const volume = (value) => `${bytes(value)}/s`;
  const all = [
    { place: "top", title: "Messages in", hint: "", series: [["In", "in_rate"]], chart: chart({ name: "Messages in", format: axisRate }) },
    { place: "top", title: "Messages out", hint: "", series: [["Out", "out_rate"]], chart: chart({ name: "Messages out", format: axisRate }) },
    { place: "top", title: "Publish to acknowledgement", hint: "QoS 1, synced to disk", series: [["p50", "ack_p50_ms"], ["p99", "ack_p99_ms"], ["p99.9", "ack_p999_ms"]], chart: chart({ name: "Publish to acknowledgement", format: latency, area: false, dashes: true }) },
    { place: "bottom", title: "Bytes", hint: "on the wire", series: [["Out", "out_byte_rate"], ["In", "in_byte_rate"]], chart: chart({ name: "Bytes a second", format: volume, isBinary: true, area: false, dashes: true }) },
    { place: "bottom", title: "Connections opened and closed", hint: "", series: [["Opened", "opened_rate"], ["Closed", "closed_rate"]], chart: chart({ name: "Connections a second", format: axisRate, area: false, dashes: true }) },
  ].map((one) => ({ ...one, body: h("div", { class: "card-body" }, one.chart) }));
  const series = all.flatMap((one) => one.series.map(([, name]) => name)).join(",");
  const parts = asked({ ms: 2000, ask: (signal) => api.statsHistory({ series, range: here().query.get("range") ?? "5m" }, signal), show: (answer) => {
    for (const one of all) {
      const drawn = one.series.map(([label = "", name = ""]) => ({ label, values: answer.series[name] ?? [] }));
      const most = Math.max(0, ...drawn.map((line) => line.values.length));
      one.chart.show(Array.from({ length: most }, (_, at) => answer.from_ms + at * answer.step_ms), drawn);
    }
    return [];
  }, rows: 0 });
  return {

    element: (place) => h("div", {}, place === "top" && parts.element, h("div", { class: `cols ${place === "top" ? "three" : "two"}` },
      all.filter((one) => one.place === place).map((one) => card(one.title, { hint: one.hint }, one.body)))),
    now: parts.now, stop: parts.stop,
  };
}

function slowest() {
  /** @type {Column<Client>[]} */
  const columns = [
    { name: "Client", class: "name", phone: 1, cell: (one) => clientLink(one.id) },
    { name: "Pending", right: true, phone: 2, cell: (one) => amount(one.pending_bytes, bytes) },
    { name: "Lag", right: true, phone: 3, cell: (one) => amount(one.lag, messages) },
    { name: "Dropped", right: true, cell: (one) => amount(one.dropped, count) },
    { name: "Slow for", right: true, phone: 4, cell: (one) => amount(one.slow_for_s, span) },
  ];
  const rows = table(columns, (one) => one.id, { caption: "Slow consumers" });
  const part = asked({ ms: 2000, ask: (signal) => api.clients({ state: "slow", sort: "pending_bytes", limit: 5 }, signal), show: ({ clients }) => {
    rows.fill(clients);
    return clients.length ? rows.element : h("p", { class: "card-body quiet" }, "Every client reads as fast as it is written to.");
  } });
  return { element: card("Slow consumers", { end: h("a", { href: link(["clients"], { sort: "pending_bytes" }) }, "All by pending") }, part.element), stop: part.stop };
}

function busiest() {
  /** @type {Map<string, number[]>} */
  const seen = new Map();
  /** @type {Column<Api.ChannelJson>[]} */
  const columns = [
    { name: "Channel", class: "name", phone: 1, cell: (one) => channelLink(one.name) },
    { name: "In", right: true, phone: 4, cell: (one) => amount(one.in_rate, perSecond) },
    { name: "Out", right: true, phone: 2, cell: (one) => amount(one.out_rate, perSecond) },
    { name: "Subscribers", right: true, phone: 3, cell: (one) => amount(one.subscribers, count) },
    { name: "Out, from now", cell: (one) => spark(seen.get(one.name) ?? [0]) },
  ];
  const rows = table(columns, (one) => one.name, { caption: "Busiest channels" });
  const part = asked({ ms: 2000, ask: (signal) => api.channels({ sort: "out_rate", limit: 5 }, signal), show: ({ channels }) => {
    for (const one of channels) seen.set(one.name, [...seen.get(one.name) ?? [], one.out_rate ?? 0].slice(-150));
    rows.fill(channels);
    return channels.length ? rows.element : h("p", { class: "card-body quiet" }, "No channel is in use.");
  } });
  return { element: card("Busiest channels", { hint: "mean of the last 5 s", end: h("a", { href: link(["channels"], { sort: "out_rate" }) }, "All by rate") }, part.element), stop: part.stop };
}

function nodeCard() {
  const rows = nodeTable();
  const part = asked({ ms: 5000, ask: api.nodes, show: (answer) => { rows.fill(answer.nodes ?? []); return rows.element; } });
  return { element: card("Nodes", { end: h("a", { href: link(["nodes"]) }, "All") }, part.element), stop: part.stop };
}

function lastProblems() {
  const part = asked({ ms: 2000, ask: (signal) => api.events({ limit: 4 }, signal), show: ({ events }) =>
    events.length ? timeline(events) : h("p", { class: "card-body quiet" }, "No refusal, no slow consumer and no trouble of the store since the broker started.") });
  return { element: card("Last problems", { end: h("a", { href: link(["problems"]) }, "All") }, part.element), stop: part.stop };
}
