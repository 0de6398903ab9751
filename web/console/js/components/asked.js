// A part of a page that shows an answer of the broker: quiet rows while it is on its way, a sentence and a way out
// where there is none. What was there stays until something newer comes.

import { h, setContent } from "../lib/dom.js";
import { span } from "../lib/format.js";
import { every } from "../lib/poll.js";
import { Refusal } from "../api.js";
import { button } from "./bits.js";

/** Quiet rows, which appear only if the answer takes longer than people notice. */
export const quietRows = (rows = 3) => h("div", { class: "quiet-rows", "aria-hidden": "true" }, Array.from({ length: rows }, () => h("i")));

/** What is said in place of an answer. */
export function trouble(error, again) {
  const known = error instanceof Refusal ? error : new Refusal(-1, "This page made a mistake", String(error));
  const isRefused = known.status === 403;
  return h("div", { class: `trouble ${isRefused ? "refused" : ""}` },
    h("p", {}, h("b", {}, isRefused ? "Your role may not see this" : known.title), known.detail && `: ${known.detail}`),
    button("Try again", { class: "small", onclick: again }));
}

/** Asks every so often, and shows the answer by `show`, which may give what to show or change what it gave before. @template T @param {Asking<T>} options */
export function asked({ ms, ask, show, rows }) {
  const place = h("div", { class: "asked" }, quietRows(rows));
  const note = h("p", { class: "stale", hidden: true });
  let shownAt = 0;
  const stop = every(ms, async (signal) => {
    try {
      const answer = await ask(signal);
      const shown = show(answer);
      setContent(place, shown);
      shownAt = Date.now();
      note.hidden = true;
    } catch (error) {
      if (signal.aborted) return;
      if (shownAt === 0) place.replaceChildren(trouble(error, () => stop.now()));
      else {
        note.textContent = `As of ${span(Math.round((Date.now() - shownAt) / 1000))} ago: ${error instanceof Refusal ? error.title : error}`;
        note.hidden = false;
      }
      throw error;
    }
  });
  return { element: h("div", {}, place, note), stop, now: stop.now };
}
