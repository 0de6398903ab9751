// What needs a look, worst first: each a sentence that names whose fault it is, with a link to it.

import { h } from "../lib/dom.js";
import { bytes, count, span } from "../lib/format.js";
import { link } from "../lib/router.js";
import { named } from "../lib/text.js";
import * as api from "../api.js";
import { level } from "./happened.js";

/** What of the answers is none if it is refused or fails: the rest is told all the same. */
const orNothing = (asked) => asked.catch(() => undefined);

const RECENT_MS = 300_000;
const CERTIFICATE_DAYS = 14;

/** Asks for all that may need a look. */
export async function lookAt(signal) {
  const [checks, slow, events, backlog, nodes] = await Promise.all([
    api.checks(signal), orNothing(api.clients({ state: "slow", sort: "pending_bytes", limit: 200 }, signal)), orNothing(api.events({ limit: 20 }, signal)),
    orNothing(api.channels({ kind: "backlog", sort: "log_messages", limit: 3 }, signal)), orNothing(api.nodes(signal)),
  ]);
  const troubles = [...checks.filter((check) => !check.passes).map(failing), ...storeTroubles(events?.events ?? []), ...nodeTroubles(nodes?.nodes ?? []),
    ...slowTroubles(slow?.clients ?? []), ...(await full(backlog?.channels ?? [], signal))];
  const last = events?.events.find((event) => level(event) !== "ok")?.at_ms;
  return { troubles: troubles.sort((one, other) => Number(other.level === "bad") - Number(one.level === "bad")), last };
}

const failing = ({ name, text }) => ({ level: "bad", kind: "Not ready", text: [h("b", {}, named(name)), ` fails: ${text}`], href: link(["nodes"]), link: "Look at the checks" });

function storeTroubles(events) {
  const one = events.find((event) => event.event === "store");
  if (!one || one.state === "ok" || Date.now() - one.at_ms > RECENT_MS) return [];
  return [{ level: one.state === "failing" ? "bad" : "warn", kind: "Store", text: one.state === "failing" ? "The store refuses to store; QoS 1 publishes are refused meanwhile." : "The store is slow; QoS 1 publishes wait for it.",
    href: link(["problems"], { kind: "store" }), link: "See what happened" }];
}

const nodeTroubles = (nodes) => nodes.flatMap((node) => {
  /** @type {Trouble[]} */
  const found = [];
  const at = { href: link(["nodes", node.name ?? ""]), link: "Look at the node" };
  if (node.state !== "ready" && node.state !== "not ready") found.push({ level: "bad", kind: "Node", text: [h("b", {}, named(node.name)), ` is ${node.state}.`], ...at });
  if (node.peers_missing) found.push({ level: "warn", kind: "Peers", text: [h("b", {}, named(node.name)), ` is not connected to ${count(node.peers_missing)} of its peers, and tries again.`], ...at });
  if (node.connections_max && node.connections / node.connections_max > 0.9) found.push({ level: "warn", kind: "Connections", text: [named(node.name), ` has ${count(node.connections)} of ${count(node.connections_max)} connections; more than that are refused.`], ...at });
  const days = node.certificate_expires_ms ? (node.certificate_expires_ms - Date.now()) / 86_400_000 : Infinity;
  if (days < CERTIFICATE_DAYS) found.push({ level: days < 1 ? "bad" : "warn", kind: "Certificate", text: [`The certificate of `, named(node.name), days < 0 ? " has expired." : ` expires in ${span(days * 86_400)}.`], ...at });
  return found;
});

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

/** Logs over four fifths of a limit. */
async function full(channels, signal) {
  const logs = await Promise.all(channels.map(async ({ name }) => ({ name, log: await orNothing(api.backlog(name, signal)) })));
  return logs.flatMap(({ name, log }) => {
    const share = Math.max((log?.messages ?? 0) / (log?.messages_max ?? Infinity), (log?.bytes ?? 0) / (log?.bytes_max ?? Infinity));
    if (share <= 0.8) return [];
    const text = ["The log of ", h("b", {}, named(name)), ` is ${Math.round(100 * share)} % full${log?.full_in_s ? `, and full in ${span(log.full_in_s)} at this pace` : ""}.`];
    return [{ level: "warn", kind: "Log", text, href: link(["channels", name], { tab: "backlog" }), link: "Look at the backlog" }];
  });
}
