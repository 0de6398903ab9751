// The live tail: messages as they pass. Pausing keeps what is there and counts what passes by; the browser holds 500
// rows at most, and the server sends no more than 50 a second, the rest is counted. A row never moves under a finger:
// whoever scrolls away from the newest has paused.

import { h, setContent } from "../lib/dom.js";
import { bytes, count, rate, timeExact, when } from "../lib/format.js";
import { jsonBlock, jsonLine } from "../lib/json.js";
import { here, linkHere, note } from "../lib/router.js";
import { named, visible } from "../lib/text.js";
import * as api from "../api.js";
import { button, card, channelLink, clientLink, copyButton, facts, save } from "./bits.js";

const ROWS_MAX = 500;
/** A burst is shown over several frames, so that none of them is late. */
const ROWS_A_FRAME = 8;
const KEPT_BYTES_MAX = 8 * 1024 * 1024;
const AGAIN_MS = 2000;

/** @type {Record<string, string>} */
const DECISIONS = { delivered: "Delivered", stored: "Stored", kept: "Kept for lost clients", unheard: "Nobody listens", refused: "Refused", retained: "Retained, sent to a new subscriber", replayed: "Sent from the log" };

/** Follows a channel or a client; `again` takes a payload that is to be published again. */
export function liveTail(whose, again) {
  const query = here().query;
  const state = { isPaused: query.get("paused") === "1", passed: 0, matched: 0, lost: 0, missed: 0, perSecond: 0, filter: query.get("filter") ?? "" };
  /** @type {TailRow[]} */
  let rows = [];
  let keptBytes = 0;
  /** @type {[Passed, string][]} */
  let waiting = [];
  let frame = 0;
  /** @type {HTMLElement | undefined} */
  let chosen;

  const filter = h("input", { class: "field mono grow", type: "search", value: state.filter, placeholder: "Filter, such as  /total > 100 and /city = \"Mestre\"", "aria-label": "Filter on the content", "aria-describedby": "tail-trouble", spellcheck: "false", autocomplete: "off", maxlength: 256, dir: "ltr" });
  const trouble = h("p", { class: "notice error", id: "tail-trouble", role: "alert", hidden: true });
  const pause = button("Pause", { class: "small", "aria-pressed": "false", title: "Space" }, "pause");
  const counter = h("span", { class: "hint num" });
  const list = h("div", { class: "tail-rows", role: "group", "aria-label": "Messages, newest first", tabindex: 0 });
  const hint = h("p", { class: "quiet tail-none" }, "Nothing has passed yet. Messages appear as they come; nothing has to be subscribed for it.");
  const inspector = h("aside", { class: "inspector", "aria-label": "The chosen message" }, h("p", { class: "quiet" }, "Choose a message to see it whole."));
  list.append(hint);

  function made(message, line) {
    const element = h("button", { class: `tail-row ${message.decision}`, type: "button", "aria-pressed": "false" },
      h("time", {}, timeExact(message.at_ms)), h("span", {}, whose.channel ? message.publisher ? named(message.publisher) : h("span", { class: "quiet" }, "server") : named(message.channel)),
      h("span", { class: "quiet" }, `Q${message.qos}`), h("span", { class: "tail-right quiet" }, bytes(message.bytes)), payloadLine(message));
    element.addEventListener("click", () => choose(element, message));
    return { message, line, element };
  }

  function choose(element, message) {
    note(linkHere({ offset: message.sequence }));
    chosen?.setAttribute("aria-pressed", "false");
    chosen = element;
    element.setAttribute("aria-pressed", "true");
    inspector.replaceChildren(...whole(message, again));
  }

  function flush() {
    const offset = here().query.get("offset");
    const fresh = waiting.splice(0, ROWS_A_FRAME).map(([message, line]) => made(message, line));
    frame = waiting.length ? requestAnimationFrame(flush) : 0;
    hint.remove();
    list.prepend(...fresh.map((row) => row.element).reverse());
    keptBytes += fresh.reduce((sum, row) => sum + row.line.length, 0);
    rows = [...fresh.reverse(), ...rows];
    while (rows.length > ROWS_MAX || (keptBytes > KEPT_BYTES_MAX && rows.length > 1)) {
      const last = rows.pop();
      keptBytes -= last?.line.length ?? 0;
      last?.element.remove();
    }
    const asked = offset && !chosen && fresh.find((row) => String(row.message.sequence) === offset);
    if (asked) choose(asked.element, asked.message);
  }

  function take(events, lines) {
    trouble.hidden = true;
    events.forEach((event, at) => {
      if (event.event === "count") { add(event); return; }
      if (event.event === "dropped") { dropped(event); return; }
      if (event.event !== "message") return;
      if (state.isPaused) { state.missed += 1; return; }
      waiting.push([event, lines[at] ?? ""]);
    });
    waiting = waiting.slice(-ROWS_MAX);
    if (waiting.length && !frame) frame = requestAnimationFrame(flush);
    tell();
  }

  /** Adds the numbers of a second. */
  function add(event) {
    for (const name of /** @type {const} */ (["passed", "matched", "lost"])) state[name] += event[name];
    state.perSecond = event.passed;
  }

  function dropped(event) {
    if (state.isPaused) return;
    list.prepend(h("p", { class: "tail-gap" }, `${count(event.count)} deliveries to `, clientLink(event.client), " were dropped, since it does not read fast enough."));
  }

  function tell() {
    const lost = state.lost ? `, ${count(state.lost)} not looked at` : "";
    setContent(counter, state.isPaused ? `Paused; ${count(state.missed)} passed by` : `${count(state.passed)} passed${state.filter ? `, ${count(state.matched)} fit` : ""}${lost}; ${rate(state.perSecond)} /s, at most 50 /s are sent here`);
  }

  function turn(isPaused) {
    if (isPaused === state.isPaused) return;
    state.isPaused = isPaused;
    if (!isPaused && state.missed > 0) list.prepend(h("p", { class: "tail-gap" }, `${count(state.missed)} messages passed by while this was paused; the last ones are in the history.`));
    if (!isPaused) list.scrollTop = 0;
    state.missed = 0;
    note(linkHere({ paused: isPaused ? 1 : undefined }));
    showPause();
    tell();
  }

  function showPause() {
    pause.setAttribute("aria-pressed", String(state.isPaused));
    if (pause.lastChild) pause.lastChild.textContent = state.isPaused ? "Go on" : "Pause";
  }

  /** What is open now; another filter begins another one. */
  let open = new AbortController();
  async function follow() {
    const { signal } = open;
    while (!signal.aborted) {
      try {
        await api.tail({ ...whose, filter: state.filter }, signal, take);
      } catch (error) {
        if (signal.aborted) return;
        const refusal = error instanceof api.Refusal ? error : undefined;
        setContent(trouble, refusal ? `${refusal.title}: ${visible(refusal.detail).map((it) => typeof it === "string" ? it : it.textContent).join("")}` : "The tail was cut; it is opened again.");
        trouble.hidden = false;
        filter.setAttribute("aria-invalid", String(refusal?.status === 400 || refusal?.status === 422));
        if (refusal && refusal.status >= 400 && refusal.status < 500 && refusal.status !== 429) return;
      }
      await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
    }
  }
  function begin() {
    open.abort();
    open = new AbortController();
    trouble.hidden = true;
    filter.removeAttribute("aria-invalid");
    if (!document.hidden) follow();
  }

  filter.addEventListener("change", () => {
    state.filter = filter.value;
    note(linkHere({ filter: filter.value }));
    begin();
  });
  pause.addEventListener("click", () => turn(!state.isPaused));
  list.addEventListener("scroll", () => { if (list.scrollTop > 8) turn(true); }, { passive: true });
  list.addEventListener("keydown", walk);
  const over = new AbortController();
  document.addEventListener("visibilitychange", begin, { signal: over.signal });
  addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (event.key !== " " || target?.closest("input, textarea, button, select, a, dialog, [role=img]")) return;
    event.preventDefault();
    turn(!state.isPaused);
  }, { signal: over.signal });
  showPause();
  tell();
  begin();

  const clear = button("Clear", { class: "small", onclick: () => { rows = []; keptBytes = 0; list.replaceChildren(hint); } });
  const keep = button("Save", { class: "small", title: "What is shown, as JSON lines", onclick: () => save("messages.jsonl", rows.map((row) => `${row.line}\n`).reverse()) });
  const element = card("Live", { end: [counter, pause, clear, keep] },
    h("div", { class: "toolbar tail-filter" }, filter, h("span", { class: "quiet note" }, "Applied by the broker")), trouble,
    h("div", { class: "tail-body" },
      h("div", { class: "tail-list" }, h("div", { class: "tail-head", "aria-hidden": "true" }, ["Passed", whose.channel ? "Publisher" : "Channel", "QoS", h("span", { class: "tail-right" }, "Size"), "Payload"].map((text) => typeof text === "string" ? h("span", {}, text) : text)), list),
      inspector));
  return { element, stop: () => { open.abort(); over.abort(); cancelAnimationFrame(frame); } };
}

/** What stands for the payload in a row. */
function payloadLine(message) {
  if (message.decision === "refused") return h("code", { class: "json bad" }, `Refused: ${message.why ?? ""}`);
  if (message.payload !== undefined) return jsonLine(message.payload);
  return h("code", { class: "json quiet" }, message.bytes > 16_384 ? "too long for the tail" : "the payload needs the right “inspect”");
}

/** A message with all that is known of it. */
function whole(message, again) {
  const { payload } = message;
  const about = facts([["Passed", when(message.at_ms, true)], ["Channel", channelLink(message.channel)], ["Publisher", message.publisher ? clientLink(message.publisher) : "the server"],
    ...(message.on_behalf_of ? [/** @type {[string, Node]} */ (["On behalf of", named(message.on_behalf_of)])] : []), ...(message.server ? [/** @type {[string, Node]} */ (["Came from", named(message.server)])] : []),
    ...(message.sequence !== undefined ? [/** @type {[string, string]} */ (["Offset", count(message.sequence)])] : []),
    ["QoS", message.qos], ["Became", [DECISIONS[message.decision] ?? message.decision, message.why && `: ${message.why}`]],
    ...(message.sent_to !== undefined ? [/** @type {[string, string]} */ (["Sent to", `${count(message.sent_to)} subscribers${message.waits_for ? `; ${count(message.waits_for)} get it later` : ""}`])] : []),
    ["Size", bytes(message.bytes)]]);
  if (payload === undefined) return [...about, h("p", { class: "quiet" }, message.bytes > 16_384 ? "Payloads over 16 KiB are not sent to tails; the history may have it whole." : "Your role may not see payloads (inspect).")];
  return [...about, jsonBlock(payload), h("p", { class: "inspector-actions" }, copyButton(payload, "Copy JSON", { class: "small" }), again && button("Publish again …", { class: "small", onclick: () => again(payload) }))];
}

/** Arrow keys go from message to message. */
function walk(event) {
  const row = event.target instanceof Element ? event.target.closest(".tail-row") : null;
  const step = event.key === "ArrowDown" || event.key === "j" ? 1 : event.key === "ArrowUp" || event.key === "k" ? -1 : 0;
  if (!step || !row) return;
  let next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  while (next && !next.matches(".tail-row")) next = step > 0 ? next.nextElementSibling : next.previousElementSibling;
  if (next instanceof HTMLElement) { next.focus(); next.click(); }
  event.preventDefault();
}
