// Nodes: each with its checks, what goes through it, and how long its work takes; and one of them alone.

import { h, setContent } from "../lib/dom.js";
import { bytes, count, millis, rate, span, when } from "../lib/format.js";
import { named, visible } from "../lib/text.js";
import * as api from "../api.js";
import { asked } from "../components/asked.js";
import { card, empty, facts, pageHead, state } from "../components/bits.js";
import { nodeState, nodeTable } from "../components/node-table.js";

/** What is known of a node, in which words; what a broker does not tell is left out. @type {[string, string, (value: any) => Child][]} */
const FACTS = [
  ["version", "Version", String], ["uptime_s", "Up for", span], ["digest", "Configuration", (digest) => h("code", {}, digest)], ["store", "Store", String], ["certificate_expires_ms", "Certificate until", (ms) => when(ms)],
  ["connections", "Connections", count], ["connections_max", "Connections at most", count], ["sessions", "Sessions", count], ["in_rate", "Messages in", (n) => `${rate(n)} /s`], ["out_rate", "Messages out", (n) => `${rate(n)} /s`],
  ["ack_p99_ms", "Acknowledged p99", millis], ["commit_p99_ms", "Commit p99", millis], ["commit_changes", "Changes a commit", rate], ["lock_held_p99_ms", "Lock held p99", millis], ["lock_waited_p99_ms", "Lock waited for p99", millis],
  ["memory_bytes", "Memory", bytes], ["memory_bytes_max", "Memory at most", bytes], ["waiting_bytes", "Waiting in memory", bytes], ["waiting_bytes_max", "Waiting at most", bytes], ["disk_bytes", "Stored on disk", bytes], ["disk_free_bytes", "Free on the disk", bytes],
];

/** @type {Maker} */
export function page(_query, name) {
  const rows = nodeTable();
  const one = h("div", { class: "stack" });
  const part = asked({ ms: 3000, ask: api.nodes, show: (answer) => {
    /** @type {any[]} */
    const nodes = answer.nodes ?? [];
    const shown = name ? nodes.filter((node) => node.name === name) : nodes;
    rows.fill(nodes);
    const digests = new Set(nodes.map((node) => node.digest));
    setContent(one, shown.length ? shown.map((node) => nodeCard(node, digests.size > 1)) : empty("No node is called so", h("a", { href: "/nodes" }, "Show all nodes")));
    return [!name && card(null, {}, rows.element), answer.missing_nodes?.length > 0 && h("p", { class: "notice warning" }, `${answer.missing_nodes.join(", ")} did not answer; what they do is not known.`), one];
  } });
  part.element.firstElementChild?.classList.add("stack");
  const crumbs = name ? h("a", { href: "/nodes" }, "Nodes") : null;
  return { title: name || "Nodes", element: h("div", {}, pageHead({ crumbs, title: name ? named(name) : "Nodes", lead: name ? null : "Each with its checks, its work and its peers." }), part.element), stop: part.stop };
}

/** `isDifferent`: not all nodes have the same configuration. */
function nodeCard(node, isDifferent) {
  const checks = (node.checks ?? []).map((check) => h("li", {}, state(check.passes ? "ok" : "bad", check.name), h("span", { class: "soft" }, visible(check.text ?? ""))));
  const known = FACTS.filter(([key]) => node[key] !== undefined && node[key] !== null);
  /** @type {([string, Child] | null)[]} */
  const pairs = known.map(([key, text, write]) => [text, write(node[key])]);
  if (isDifferent) pairs.push(["", state("warn", "Not all nodes have this configuration")]);
  const peers = node.peers ?? [];
  return card(named(node.name ?? ""), { hint: state(...nodeState(node)) },
    h("div", { class: "card-body node" }, h("ul", { class: "checks", "aria-label": "Checks" }, checks), h("div", {}, facts(pairs))),
    peers.length > 0 && h("ul", { class: "timeline" }, peers.map((peer) => h("li", {}, h("span", {}, named(peer.name)), state(peer.state === "connected" ? "ok" : "warn", peer.state), h("span", { class: "what" }, visible(peer.detail ?? ""))))));
}
