// Small pieces that several pages share.

import { h } from "../lib/dom.js";
import { icon, stateShape } from "../lib/icons.js";
import { go, link, linkHere } from "../lib/router.js";
import { named } from "../lib/text.js";
import { may } from "../api.js";

/** @typedef {import("../lib/dom.js").Child} Child */
/** @typedef {import("../lib/dom.js").Props} Props */

/** @type {Record<string, string>} */
export const STATES = { online: "Online", detached: "Detached", offline: "Offline", slow: "Slow", banned: "Banned", ok: "OK", warn: "Warning", bad: "Failed" };

/** A state: a shape, a word and a colour. @param {string} name @param {string} [text] */
export const state = (name, text = STATES[name]) => h("span", { class: `state ${name}` }, stateShape(name), text);
/** @param {Child} text */
export const tag = (text) => h("span", { class: "tag" }, text);
/** @param {string} text */
export const unit = (text) => h("span", { class: "unit" }, text);
export const dash = () => h("span", { class: "zero" }, "–");

/** A number that is quiet when it is nothing, and a dash where it does not apply. @param {number | null | undefined} value @param {(value: number) => Child} text */
export const amount = (value, text) => value === null || value === undefined ? dash() : value === 0 ? h("span", { class: "zero" }, "0") : text(value);

/** @param {string} id @param {import("../lib/router.js").Query} [query] */
export const clientLink = (id, query) => h("a", { href: link(["clients", id], query) }, named(id));
/** @param {string} name @param {import("../lib/router.js").Query} [query] */
export const channelLink = (name, query) => h("a", { href: link(["channels", name], query) }, named(name));

/** @param {Child} title @param {{ hint?: Child, end?: Child, foot?: Child }} [around] @param {...Child} body */
export function card(title, { hint, end, foot } = {}, ...body) {
  return h("section", { class: "card" },
    title && h("div", { class: "card-head" }, h("h2", {}, title), hint && h("span", { class: "hint" }, hint), end && h("div", { class: "end" }, end)),
    body, foot && h("div", { class: "card-foot" }, foot));
}

/** Names and values; null between two of them draws a line. @param {([string, Child] | null)[]} pairs */
export function facts(pairs) {
  /** @type {[string, Child][][]} */
  const groups = [[]];
  for (const pair of pairs) pair === null ? groups.push([]) : groups.at(-1)?.push(pair);
  return groups.map((group) => h("dl", { class: "facts" }, group.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}

/** One of the figures of a page. @param {string} name @param {string} [address] */
export function figure(name, address) {
  const value = h("span", { class: "value" }, "–");
  const note = h("span", { class: "note" }, "\u00a0");
  return { element: h(address ? "a" : "div", { class: "figure", href: address }, h("span", { class: "name" }, name), value, note), value, note };
}

/** Choices of which one holds; the choice goes into the URL. @param {string} name @param {[string, string][]} choices @param {string} chosen @param {string} label */
export function segments(name, choices, chosen, label) {
  return h("div", { class: "segments", role: "group", "aria-label": label }, choices.map(([value, text]) =>
    h("button", { type: "button", "aria-pressed": String(value === chosen), onclick: () => go(linkHere({ [name]: value })) }, text)));
}

/** @typedef {{ key: string, text: string, count?: Child, query: import("../lib/router.js").Query }} Tab */
/** @param {Tab[]} items @param {string} current @param {string} label */
export function tabs(items, current, label) {
  return h("nav", { class: "tabs", "aria-label": label }, items.map(({ key, text, count, query }) =>
    h("a", { href: linkHere(query), "aria-current": key === current && "page" }, text, count !== undefined && h("span", { class: "count" }, count))));
}

/** @param {{ crumbs?: Child, title: Child, lead?: Child, actions?: Child }} parts */
export function pageHead({ crumbs, title, lead, actions }) {
  return h("header", { class: "page-head" },
    h("div", {}, crumbs && h("p", { class: "crumbs" }, crumbs), h("h1", { tabindex: -1 }, title), lead && h("p", { class: "lead" }, lead)),
    actions && h("div", { class: "actions" }, actions));
}

/** Says what there is to do where there is nothing to show. @param {Child} title @param {Child} text @param {string} [command] */
export const empty = (title, text, command) => h("div", { class: "empty" }, h("strong", {}, title), h("span", {}, text), command && [h("br"), h("pre", { tabindex: 0 }, command)]);

/** @param {Child} text @param {Props} [props] @param {string} [picture] */
export const button = (text, props = {}, picture) => h("button", { type: "button", ...props, class: `button ${props.class ?? ""}` }, picture && icon(picture), text);

/** A button that only those with the right may press; the others are told why not. @param {string} right @param {Child} text @param {Props} [props] */
export function rightButton(right, text, props = {}) {
  const isRefused = !may(right);
  return button(text, { ...props, disabled: isRefused || props.disabled, title: isRefused ? `Your role may not do this: it lacks the right “${right}”` : props.title });
}

/** A field with its name. @param {string} text @param {HTMLElement} field */
export const labelled = (text, field) => h("label", { class: "label" }, text, field);

/** @param {string} name @param {[string, string][]} choices @param {string} chosen @param {(value: string) => void} choose */
export function choice(name, choices, chosen, choose) {
  const select = h("select", { class: "field", "aria-label": name, onchange: () => choose(select.value) },
    choices.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));
  return select;
}

/** Gives a file to whoever sits there. @param {string} name @param {BlobPart[]} parts */
export function save(name, parts) {
  const address = URL.createObjectURL(new Blob(parts, { type: "application/x-ndjson" }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
