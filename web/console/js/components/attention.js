// What needs a look, worst first: each a sentence that names whose fault it is, with a link to it.

import { h } from "../lib/dom.js";
import { bytes, count, span } from "../lib/format.js";
import { link } from "../lib/router.js";
import { named } from "../lib/text.js";
import * as api from "../api.js";
import { level } from "./happened.js";

/** @typedef {{ level: "bad" | "warn", kind: string, text: import("../lib/dom.js").Child, href: string, link: string }} Trouble */

/** What of the answers is none if it is refused or fails: the rest is told all the same. @template T @param {Promise<T>} asked @returns {Promise<T | undefined>} */
const orNothing = (asked) => asked.catch(() => undefined);

const RECENT_MS = 300_000;
const CERTIFICATE_DAYS = 14;

/** Asks for all that may need a look. @param {AbortSignal} signal */
export async function lookAt(signal) {
  const [checks, slow, events, backlog, nodes] = await Promise.all([
    api.checks(signal), orNothing(api.clients({ state: "slow", sort: "pending_bytes", limit: 200 }, signal)), orNothing(api.events({ limit: 20 }, signal)),
    orNothing(api.channels({ kind: "backlog", sort: "log_messages", limit: 3 }, signal)), orNothing(api.nodes(signal)),
  ]);
  const troubles = [...checks.filter((check) => !check.passes).map(failing), ...storeTroubles(events?.events ?? []), ...nodeTroubles(nodes?.nodes ?? []),
    ...slowTroubles(slow?.clients ?? []), ...full(backlog?.channels ?? [])];
  const last = events?.events.find((event) => level(event) !== "ok")?.at_ms;
  return { troubles: troubles.sort((one, other) => Number(other.level === "bad") - Number(one.level === "bad")), last };
}

/** @param {{ name: string, text: string }} check @returns {Trouble} */
const failing = ({ name, text }) => ({ level: "bad", kind: "Not ready", text: [h("b", {}, named(name)), ` fails: ${text}`], href: link(["nodes"]), link: "Look at the checks" });

/** @param {api.Event[]} events @returns {Trouble[]} */
function storeTroubles(events) {
  const one = events.find((event) => event.event === "store");
  if (!one || one.state === "ok" || Date.now() - one.at_ms > RECENT_MS) return [];
  return [{ level: one.state === "failing" ? "bad" : "warn", kind: "Store", text: one.state === "failing" ? "The store refuses to store; QoS 1 publishes are refused meanwhile." : "The store is slow; QoS 1 publishes wait for it.",
    href: link(["problems"], { kind: "store" }), link: "See what happened" }];
}

/** @param {any[]} nodes @returns {Trouble[]} */
const nodeTroubles = (nodes) => nodes.flatMap((node) => {
  /** @type {Trouble[]} */
  const found = [];
  const at = { href: link(["nodes", node.name ?? ""]), link: "Look at the node" };
  if (node.state === "silent") found.push({ level: "bad", kind: "Node", text: [h("b", {}, named(node.name)), " is silent."], ...at });
  if (node.connections_max && node.connections / node.connections_max > 0.9) found.push({ level: "warn", kind: "Connections", text: [named(node.name), ` has ${count(node.connections)} of ${count(node.connections_max)} connections; more than that are refused.`], ...at });
  const days = node.certificate_expires_ms ? (node.certificate_expires_ms - Date.now()) / 86_400_000 : Infinity;
  if (days < CERTIFICATE_DAYS) found.push({ level: days < 1 ? "bad" : "warn", kind: "Certificate", text: [`The certificate of `, named(node.name), days < 0 ? " has expired." : ` expires in ${span(days * 86_400)}.`], ...at });
  return found;
});

/** @param {api.Client[]} clients @returns {Trouble[]} */
function slowTroubles(clients) {
  const [first] = clients;
  if (!first) return [];
  const pending = clients.reduce((sum, one) => sum + (one.pending_bytes ?? 0), 0);
  const dropped = clients.reduce((sum, one) => sum + (one.dropped ?? 0), 0);
  const lost = dropped ? `, ${count(dropped)} deliveries dropped` : "";
  const numbers = `${bytes(pending)} pending${lost}. Nobody else is slowed down.`;
  const text = clients.length === 1 ? [h("b", {}, named(first.id)), ` does not keep up: ${numbers}`] : `${count(clients.length)} clients do not keep up: ${numbers}`;
  return [{ level: "warn", kind: `${count(clients.length)} slow`, text, href: link(["clients"], { state: "slow", sort: "pending_bytes" }), link: "See slow consumers" }];
}

/** @param {(Api.ChannelJson & { log_messages_max?: number, full_in_s?: number | null })[]} channels @returns {Trouble[]} */
const full = (channels) => channels.filter((one) => one.log_messages_max && one.log_messages / one.log_messages_max > 0.8).map((one) => ({
  level: "warn", kind: "Log", href: link(["channels", one.name], { tab: "backlog" }), link: "Look at the backlog",
  text: ["The log of ", h("b", {}, named(one.name)), ` is ${Math.round(100 * one.log_messages / (one.log_messages_max ?? 1))} % full${one.full_in_s ? `, and full in ${span(one.full_in_s)} at this pace` : ""}.`],
}));
