// What happened, in words: an event of the broker as a row.

import { h } from "../lib/dom.js";
import { bytes, count, when } from "../lib/format.js";
import { visible } from "../lib/text.js";
import { channelLink, clientLink, state } from "./bits.js";

/** @type {Record<string, string>} */
const WORDS = { connected: "Connected", disconnected: "Closed", subscribed: "Subscribed", refused: "Refused", "slow-consumer": "Slow consumer", store: "Store", "left-out": "Left out" };

/** How bad it is. */
export function level(event) {
  if (event.event === "refused" || (event.event === "store" && event.state === "failing")) return "bad";
  return event.event === "slow-consumer" || event.event === "store" && event.state !== "ok" || event.event === "left-out" ? "warn" : event.event === "disconnected" ? "offline" : "ok";
}

export const kindOf = (event) => WORDS[event.event] ?? event.event;

/** A word of the settings, as people write it. */
const words = (word) => String(word ?? "").replaceAll("-", " ");

/** The cause, without the client. */
export function cause(event) {
  switch (event.event) {
    case "refused": return [words(event.what), event.channel && [": ", channelLink(event.channel)], ` ${words(event.reason)}`, event.rule && [" by ", h("bdi", {}, visible(event.rule))]];
    case "slow-consumer": return [event.action === "closed" ? "closed, since it does not read" : "messages dropped, since it does not read", `; ${bytes(event.waiting_bytes ?? 0)} pending`];
    case "store": return [`the store is ${event.state === "ok" ? "well again" : event.state}`];
    case "disconnected": return [words(event.reason), event.address && ` (${event.address})`];
    case "connected": return [`${event.dialect ?? ""} from ${event.address ?? "?"}`];
    case "subscribed": return event.channel ? channelLink(event.channel) : "";
    default: return h("span", { class: "mono" }, visible(JSON.stringify(event)));
  }
}

/** `isAboutOne`: the client is known from around it. */
export function eventRow(event, { isAboutOne = false } = {}) {
  return h("li", {}, when(event.at_ms), state(level(event), kindOf(event)),
    h("span", { class: "what" }, !isAboutOne && event.client && [h("b", {}, clientLink(event.client)), " "], cause(event), event.count > 1 && h("span", { class: "quiet" }, `  ${count(event.count)} times`)));
}

export const timeline = (events, options) => h("ul", { class: "timeline" }, events.map((event) => eventRow(event, options)));
