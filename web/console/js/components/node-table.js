// Nodes as rows: how each stands, and what goes through it.

import { count, millis } from "../lib/format.js";
import { h } from "../lib/dom.js";
import { link } from "../lib/router.js";
import { named } from "../lib/text.js";
import { amount, perSecond, state } from "./bits.js";
import { table } from "./table.js";

/** How a node stands: its own word, or what its checks say. */
export function nodeState(one) {
  const failing = (one.checks ?? []).filter((check) => !check.passes);
  if (one.state === "ready" && failing.length === 0) return ["ok", "OK"];
  return ["bad", failing.length ? `Fails: ${failing.map((check) => check.name).join(", ")}` : one.state];
}

export const nodeTable = () => table([
  { name: "Node", class: "name", phone: 1, cell: (one) => h("a", { href: link(["nodes", one.name]) }, named(one.name)) },
  { name: "State", phone: 2, cell: (one) => state(...nodeState(one)) },
  { name: "Connections", right: true, phone: 3, cell: (one) => amount(one.connections, count) },
  { name: "In", right: true, cell: (one) => amount(one.in_rate, perSecond) },
  { name: "Out", right: true, cell: (one) => amount(one.out_rate, perSecond) },
  { name: "Commit p99", right: true, phone: 4, cell: (one) => amount(one.commit_p99_ms, millis) },
], (one) => one.name, { caption: "Nodes" });
