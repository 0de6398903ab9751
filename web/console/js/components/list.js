// A list that the server sorts, filters and cuts into pages: its bar of filters, its rows, which stay where they are
// while their numbers change, its foot with the age of what is shown, and the export of all of it.

import { h, setContent } from "../lib/dom.js";
import { count, span } from "../lib/format.js";
import { eachSecond, every } from "../lib/poll.js";
import { go, here, linkHere } from "../lib/router.js";
import { button, choice, save } from "./bits.js";
import { quietRows, trouble } from "./asked.js";
import { table } from "./table.js";

export const PAGE = 50;
const EXPORT_MAX = 1_000_000;

/** @template R @param {List<R>} options */
export function list(options) {
  const { query } = options;
  const asked = { ...query, limit: PAGE };
  const rows = table(options.columns, options.keyOf, { caption: options.caption, sort: text(query.sort), order: text(query.order) });
  const place = h("div", { "aria-busy": "true" }, quietRows(8));
  const note = h("span", { class: "pager-note" });
  const howMany = h("span", { class: "num" });
  const offer = button("", { class: "small offer", hidden: true, onclick: () => { shown = undefined; poll.now(); } });
  const missing = h("p", { class: "notice warning", hidden: true });
  const first = button("First page", { class: "small", disabled: !query.after, onclick: () => go(linkHere({ after: undefined })) });
  const next = button("Next page", { class: "small", disabled: true });
  const foot = h("div", { class: "card-foot", hidden: true }, howMany, note, h("span", { class: "pager-buttons" }, offer, first, next));
  /** @type {Listed<R> | undefined} */
  let shown;
  let cameAt = 0;

  next.addEventListener("click", () => { if (shown?.next) go(linkHere({ after: shown.next })); });

  function show(answer) {
    cameAt = Date.now();
    const isFirst = shown === undefined || rows.size === 0;
    const isOther = isFirst ? (rows.fill(answer.rows), false) : rows.renew(answer.rows);
    offer.hidden = !isOther;
    offer.textContent = query.sort ? "Order has changed; show" : "Rows have changed; show";
    shown = answer;
    place.removeAttribute("aria-busy");
    if (isFirst) place.replaceChildren(answer.rows.length ? rows.element : box(options.empty()));
    foot.hidden = answer.rows.length === 0 && !query.after;
    next.disabled = !answer.next;
    setContent(howMany, answer.total === undefined || answer.total < answer.rows.length ? `${answer.rows.length} rows` : `${answer.rows.length} of ${count(answer.total)}`);
    missing.hidden = !answer.missing_nodes?.length;
    setContent(missing, `${answer.missing_nodes?.join(", ")} did not answer; what is there is not in this list.`);
    tellAge();
  }

  function tellAge() {
    if (!shown) return;
    const age = Math.round(((shown.age_ms ?? 0) + Date.now() - cameAt) / 1000);
    const order = query.sort ? "Sorted by the broker" : options.byName;
    const more = shown.not_in_memory ? `; ${count(shown.not_in_memory)} more are only stored` : "";
    setContent(note, `${order}; numbers as counted ${age < 1 ? "now" : `${span(age)} ago`}${more}`);
  }

  const poll = every(2000, async (signal) => {
    try {
      show(await options.ask(asked, signal));
    } catch (error) {
      if (!signal.aborted && !shown) place.replaceChildren(trouble(error, () => poll.now()));
      throw error;
    }
  });
  const stopAge = eachSecond(tellAge);
  const exporting = exporter(options);
  const element = h("section", { class: "card", "aria-label": options.caption },
    h("div", { class: "toolbar" }, options.filters, exporting.element), missing, place, foot);
  return { element, stop() { poll(); stopAge(); exporting.stop(); } };
}

const box = (child) => h("div", {}, child);

const text = (value) => value === undefined || value === null ? undefined : String(value);

/** Saves all that fits the filter as JSON lines, page by page; pressing again ends that. */
function exporter({ ask, query, file }) {
  let over = new AbortController();
  let isBusy = false;
  const element = button("Export", { class: "push", title: "All that fits, as JSON lines" });
  async function run() {
    const parts = [];
    let rows = 0;
    let after = "";
    do {
      const page = await ask({ ...query, after, limit: 1000 }, over.signal);
      parts.push(page.rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      rows += page.rows.length;
      after = page.next ?? "";
      element.textContent = `${count(rows)} rows; stop`;
    } while (after && rows < EXPORT_MAX);
    save(`${file}.jsonl`, parts);
  }
  element.addEventListener("click", async () => {
    if (isBusy) { over.abort(); return; }
    isBusy = true;
    over = new AbortController();
    await run().then(() => { element.textContent = "Export"; }, () => { element.textContent = "Export again"; });
    isBusy = false;
  });
  return { element, stop: () => over.abort() };
}

/** The filters that all lists have: by the begin of a name, or by a part of it. */
export function nameFilter(what, query) {
  const kind = query.has("contains") ? "contains" : "prefix";
  const field = h("input", { class: "field measured", type: "search", value: query.get(kind) ?? "", placeholder: kind === "prefix" ? `${what} begins with …` : `${what} has in it …`,
    "aria-label": kind === "prefix" ? `${what} begins with` : `${what} has in it`, spellcheck: "false", autocomplete: "off", "data-filter": true });
  const take = (way) => {
    const other = way === "prefix" ? "contains" : "prefix";
    go(linkHere({ [way]: field.value, [other]: undefined, after: undefined }));
  };
  field.addEventListener("change", () => take(select.value));
  const select = choice("How names are compared", [["prefix", "Begins with"], ["contains", "Has in it (slower)"]], kind, (way) => { if (field.value) take(way); });
  return [field, select];
}

/** What was asked for in the address of a list. */
export function inAddress(...names) {
  const { query } = here();
  return Object.fromEntries(names.map((name) => [name, query.get(name) ?? undefined]));
}
