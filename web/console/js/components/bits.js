// Small pieces that several pages share.

import { h } from "../lib/dom.js";
import { count, rate } from "../lib/format.js";
import { icon, stateShape } from "../lib/icons.js";
import { go, link, linkHere } from "../lib/router.js";
import { named } from "../lib/text.js";
import { may } from "../api.js";

/** @type {Record<string, string>} */
export const STATES = { online: "Online", detached: "Detached", offline: "Offline", slow: "Slow", banned: "Banned", ok: "OK", warn: "Warning", bad: "Failed" };

/** A state: a shape, a word and a colour. */
export const state = (name, text = STATES[name]) => h("span", { class: `state ${name}` }, stateShape(name), text);

export const tag = (text) => h("span", { class: "tag" }, text);

export const unit = (text) => h("span", { class: "unit" }, text);

export const perSecond = (n) => [rate(n), unit("/s")];

export const messages = (n) => [count(n), unit("msg")];
export const dash = () => h("span", { class: "zero" }, "–");

/** A number that is quiet when it is nothing, and a dash where it does not apply. */
export const amount = (value, text) => value === null || value === undefined ? dash() : value === 0 ? h("span", { class: "zero" }, "0") : text(value);

export const clientLink = (id, query) => h("a", { href: link(["clients", id], query) }, named(id));

export const channelLink = (name, query) => h("a", { href: link(["channels", name], query) }, named(name));

export function card(title, /** @type {Around} */ { hint, end, foot } = {}, ...body) {
  return h("section", { class: "card" },
    title && h("div", { class: "card-head" }, h("h2", {}, title), hint && h("span", { class: "hint" }, hint), end && h("div", { class: "end" }, end)),
    body, foot && h("div", { class: "card-foot" }, foot));
}

/** Names and values; null between two of them draws a line. */
export function facts(pairs) {
  /** @type {[string, Child][][]} */
  const groups = [[]];
  for (const pair of pairs) pair === null ? groups.push([]) : groups.at(-1)?.push(pair);
  return groups.map((group) => h("dl", { class: "facts" }, group.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}

/** One of the figures of a page. */
export function figure(name, address) {
  const value = h("span", { class: "value" }, "–");
  const note = h("span", { class: "note" }, "\u00a0");
  return { element: h(address ? "a" : "div", { class: "figure", href: address }, h("span", { class: "name" }, name), value, note), value, note };
}

/** Choices of which one holds; the choice goes into the URL. */
export function segments(name, choices, chosen, label) {
  return h("div", { class: "segments", role: "group", "aria-label": label }, choices.map(([value, text]) =>
    h("button", { type: "button", "aria-pressed": String(value === chosen), onclick: () => go(linkHere({ [name]: value })) }, text)));
}

export function tabs(items, current, label) {
  return h("nav", { class: "tabs", "aria-label": label }, items.map(({ key, text, count, query }) =>
    h("a", { href: linkHere(query), "aria-current": key === current && "page" }, text, count !== undefined && h("span", { class: "count" }, count))));
}

/** @param {Head} parts */
export function pageHead({ crumbs, title, lead, actions }) {
  return h("header", { class: "page-head" },
    h("div", {}, crumbs && h("p", { class: "crumbs" }, crumbs), h("h1", { tabindex: -1 }, title), lead && h("p", { class: "lead" }, lead)),
    actions && h("div", { class: "actions" }, actions));
}

/** Says what there is to do where there is nothing to show. */
export const empty = (title, text, command) => h("div", { class: "empty" }, h("strong", {}, title), h("span", {}, text), command && [h("br"), h("pre", { tabindex: 0 }, command)]);

export const button = (text, props = {}, picture) => h("button", { type: "button", ...props, class: `button ${props.class ?? ""}` }, picture && icon(picture), text);

/** A button that only those with the right may press; the others are told why not. */
export function rightButton(right, text, props = {}) {
  const isRefused = !may(right);
  return button(text, { ...props, disabled: isRefused || props.disabled, title: isRefused ? `Your role may not do this: it lacks the right “${right}”` : props.title });
}

/** A field with its name. */
export const labelled = (text, field) => h("label", { class: "label" }, text, field);

export function choice(name, choices, chosen, choose) {
  const select = h("select", { class: "field", "aria-label": name, onchange: () => choose(select.value) },
    choices.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));
  return select;
}

/** A button that copies a text; where the browser has no clipboard for pages (plain HTTP) it says so. */
export function copyButton(text, name, props = {}) {
  const word = h("span", {}, name);
  const copy = () => (navigator.clipboard?.writeText(text) ?? Promise.reject()).then(() => { word.textContent = "Copied"; }, () => { word.textContent = "No clipboard here"; });
  return button(word, { ...props, onclick: copy }, "copy");
}

/** Gives a file to whoever sits there. */
export function save(name, parts) {
  const address = URL.createObjectURL(new Blob(parts, { type: "application/x-ndjson" }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
