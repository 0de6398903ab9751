// Nodes as rows: how each stands, and what goes through it.

import { count, millis, rate } from "../lib/format.js";
import { h } from "../lib/dom.js";
import { link } from "../lib/router.js";
import { named } from "../lib/text.js";
import { amount, state, unit } from "./bits.js";
import { table } from "./table.js";

/** How a node stands: its own word, or what its checks say. @param {any} one @returns {["ok" | "warn" | "bad", string]} */
export function nodeState(one) {
  const failing = (one.checks ?? []).filter((/** @type {any} */ check) => check.passes === false || check.ok === false);
  if (one.state === "silent") return ["bad", "Silent"];
  if (failing.length) return ["bad", `Failing: ${failing.map((/** @type {any} */ check) => check.name).join(", ")}`];
  return one.state && one.state !== "ok" && one.state !== "ready" ? ["warn", one.state] : ["ok", "OK"];
}

export const nodeTable = () => table([
  { name: "Node", class: "name", phone: 1, cell: (one) => h("a", { href: link(["nodes", one.name]) }, named(one.name)) },
  { name: "State", phone: 2, cell: (one) => state(...nodeState(one)) },
  { name: "Connections", right: true, phone: 3, cell: (one) => amount(one.connections, count) },
  { name: "In", right: true, cell: (one) => amount(one.in_rate, (n) => [rate(n), unit("/s")]) },
  { name: "Out", right: true, cell: (one) => amount(one.out_rate, (n) => [rate(n), unit("/s")]) },
  { name: "Commit p99", right: true, phone: 4, cell: (one) => amount(one.commit_p99_ms, millis) },
], (/** @type {any} */ one) => one.name, { caption: "Nodes" });
