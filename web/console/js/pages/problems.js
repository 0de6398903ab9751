// Problems: refusals, slow consumers and troubles of the store, the latest first, by cause and by client.

import { h, s, setContent } from "../lib/dom.js";
import { count, time } from "../lib/format.js";
import { every } from "../lib/poll.js";
import { go, here, linkHere } from "../lib/router.js";
import * as api from "../api.js";
import { quietRows, trouble } from "../components/asked.js";
import { button, card, choice, empty, pageHead, save } from "../components/bits.js";
import { eventRow, kindOf, level } from "../components/happened.js";
import { inAddress } from "../components/list.js";

/** @type {[string, string][]} */
const KINDS = [["", "Every kind"], ["refused", "Refused"], ["slow-consumer", "Slow consumers"], ["store", "Store"], ["disconnected", "Closed"], ["connected", "Connected"]];
/** @type {[string, string][]} */
const LEVELS = [["", "Every level"], ["bad", "Failures and refusals"], ["warn", "Warnings"]];

/** @type {Maker} */
export function page() {
  const holder = h("div", { class: "stack" });
  let stop = () => {};
  const show = () => {
    stop();
    const part = problems();
    holder.replaceChildren(part.element);
    stop = part.stop;
  };
  show();
  const element = h("div", {}, pageHead({ title: "Problems", lead: "The last 10,000 events, in memory; the same about the same client and channel within a minute is one row." }), holder);
  return { title: "Problems", element, update: show, stop: () => stop() };
}

function problems() {
  const asked = inAddress("level", "kind", "client", "channel", "before");
  const { level: wanted, ...query } = asked;
  const rows = h("ul", { class: "timeline" });
  const place = h("div", {}, quietRows(6));
  const bars = h("div", { class: "card-body" });
  const causes = h("ul", { class: "causes" });
  const offer = button("", { class: "small offer", hidden: true, onclick: () => { shown = undefined; poll.now(); } });
  const older = button("Older", { class: "small", disabled: true });
  /** @type {Happened[] | undefined} */
  let shown;

  function show(/** @type {{ events: Happened[], next?: number | null }} */ { events, next }) {
    const fit = events.filter((event) => !wanted || level(event) === wanted);
    if (shown) {
      const newest = shown[0]?.number ?? -1;
      const fresh = fit.filter((event) => event.number > newest).length;
      offer.hidden = fresh === 0;
      offer.textContent = `${count(fresh)} new; show`;
      return;
    }
    shown = fit;
    offer.hidden = true;
    rows.replaceChildren(...fit.map((event) => eventRow(event)));
    place.replaceChildren(fit.length ? rows : nothing());
    older.disabled = !next;
    older.onclick = () => go(linkHere({ before: next }));
    bars.replaceChildren(perMinute(fit));
    setContent(causes, byCause(fit).map(([text, number]) => h("li", {}, h("span", {}, text), h("b", { class: "num" }, count(number)))));
  }

  const poll = every(3000, async (signal) => {
    try {
      show(await api.events({ ...query, limit: 200 }, signal));
    } catch (error) {
      if (!signal.aborted && !shown) place.replaceChildren(trouble(error, () => poll.now()));
      throw error;
    }
  });
  const field = (name, text) => {
    const input = h("input", { class: "field", type: "search", value: asked[name] ?? "", placeholder: text, "aria-label": text, spellcheck: "false", autocomplete: "off" });
    input.addEventListener("change", () => go(linkHere({ [name]: input.value, before: undefined })));
    return input;
  };
  const toolbar = h("div", { class: "toolbar" },
    choice("Kind", KINDS, asked.kind ?? "", (kind) => go(linkHere({ kind, before: undefined }))), choice("Level", LEVELS, wanted ?? "", (value) => go(linkHere({ level: value, before: undefined }))),
    field("client", "Client, exactly"), field("channel", "Channel, exactly"), offer,
    button("Export", { class: "push", title: "What is shown, as JSON lines", onclick: () => save("problems.jsonl", (shown ?? []).map((event) => `${JSON.stringify(event)}\n`)) }));
  const element = h("div", { class: "stack" },
    h("div", { class: "cols wide-left" }, card("A minute each", { hint: "of what is shown" }, bars), card("By cause", {}, h("div", { class: "card-body" }, causes))),
    card(null, {}, toolbar, place, h("div", { class: "card-foot" }, h("span", {}, "Latest first"), h("span", { class: "pager-buttons" },
      button("Latest", { class: "small", disabled: !asked.before, onclick: () => go(linkHere({ before: undefined })) }), older))));
  return { element, stop: poll };
}

const nothing = () => here().query.size
  ? empty("Nothing fits", h("a", { href: "/problems" }, "Show all problems"))
  : empty("Nothing went wrong", "No refusal, no slow consumer and no trouble of the store since the broker started.");

/** How many there were of each cause, most first. */
function byCause(events) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const event of events) {
    const text = `${kindOf(event)}: ${String(event.reason ?? event.action ?? event.state ?? "").replaceAll("-", " ")}`;
    sums.set(text, (sums.get(text) ?? 0) + event.count);
  }
  return [...sums].sort(([, one], [, other]) => other - one).slice(0, 6);
}

/** A bar for each of the last 30 minutes that the events reach. */
function perMinute(events) {
  const now = Math.floor(Date.now() / 60_000);
  const minutes = Array.from({ length: 30 }, () => 0);
  for (const event of events) {
    const at = 29 - (now - Math.floor(event.at_ms / 60_000));
    if (at >= 0) minutes[at] = (minutes[at] ?? 0) + event.count;
  }
  const most = Math.max(1, ...minutes);
  const bars = minutes.map((value, at) => s("rect", { class: value ? "minute" : "minute none", x: at * 10 + 1, width: 8, y: 60 - Math.max(1, (value / most) * 58), height: Math.max(1, (value / most) * 58) }));
  const sum = minutes.reduce((all, one) => all + one, 0);
  return h("figure", {}, s("svg", { class: "minutes", viewBox: "0 0 300 60", preserveAspectRatio: "none", role: "img", "aria-label": `${count(sum)} in the last 30 minutes, at most ${count(Math.max(...minutes))} in one` }, bars),
    h("figcaption", { class: "quiet" }, h("span", {}, time((now - 29) * 60_000)), h("span", {}, `at most ${count(Math.max(...minutes))} a minute`), h("span", {}, "now")));
}
