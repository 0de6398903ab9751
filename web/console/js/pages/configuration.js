// Configuration: every setting that holds, who said so, and whether a reload suffices to change it.

import { h, setContent } from "../lib/dom.js";
import { count, when } from "../lib/format.js";
import { go, here, linkHere } from "../lib/router.js";
import { visible } from "../lib/text.js";
import * as api from "../api.js";
import { asked } from "../components/asked.js";
import { card, choice, empty, pageHead, tag } from "../components/bits.js";
import { table } from "../components/table.js";

const written = (value) => h("code", {}, visible(value === undefined || value === null ? "–" : typeof value === "string" ? value : JSON.stringify(value)));

const sectionOf = (key) => key.includes(".") ? key.slice(0, key.indexOf(".")) : "";

/** @type {Column<Setting>[]} */
export const COLUMNS = [
  { name: "Setting", class: "name", phone: 1, cell: (one) => h("code", {}, visible(one.key)) },
  { name: "Value", class: "wrap", phone: 3, cell: (one) => [written(one.value), one.pending && [" ", tag("waits for the next start")]] },
  { name: "Default", class: "wrap soft", cell: (one) => one.changed === false ? h("span", { class: "quiet" }, "the same") : written(one.default) },
  { name: "Source", class: "soft wrap", phone: 2, cell: (one) => h("bdi", {}, visible(one.source)) },
  { name: "Changing it", phone: 4, cell: (one) => one.reload ? "A reload suffices" : "Needs a restart" },
];

/** @type {Maker} */
export function page() {
  const toolbar = h("div", { class: "toolbar" });
  const lead = h("span", {}, "\u00a0");
  const reload = h("p", { class: "notice", hidden: true });
  const rows = table(COLUMNS, (one) => one.key, { caption: "Settings" });
  /** @type {any} */
  let known;

  function show() {
    if (!known) return;
    const { query } = here();
    const sections = [...new Set(known.settings.map((one) => sectionOf(one.key)))].sort();
    const isChanged = query.get("changed") === "1";
    const only = h("input", { type: "checkbox", checked: isChanged, onchange: () => go(linkHere({ changed: only.checked ? 1 : undefined })) });
    setContent(toolbar, [choice("Section", [["", "Every section"], ...sections.map((one) => /** @type {[string, string]} */ ([one, one]))], query.get("section") ?? "", (section) => go(linkHere({ section }))),
      h("label", { class: "check" }, only, "Only what differs from the default")]);
    only.checked = isChanged;
    /** @type {Setting[]} */
    const fit = known.settings.filter((one) => (!query.get("section") || sectionOf(one.key) === query.get("section")) && (!isChanged || (one.changed ?? true)));
    rows.fill(fit);
    setContent(lead, [`Digest `, h("code", {}, known.digest), `; ${count(fit.length)} of ${count(known.settings.length)} settings are shown.`]);
    tellReload();
    return fit.length ? rows.element : empty("Every setting has its default", h("a", { href: "/configuration" }, "Show all settings"));
  }

  function tellReload() {
    const last = known.last_reload;
    reload.hidden = !last;
    if (!last) return;
    reload.classList.toggle("error", !last.succeeded);
    setContent(reload, ["Last reload at ", when(last.at_ms), last.succeeded ? ": all was taken up." : `: nothing was taken up: ${last.error}`]);
  }

  const part = asked({ ms: 5000, rows: 12, ask: api.configuration, show: (answer) => { known = answer; return show(); } });
  const element = h("div", {}, pageHead({ title: "Configuration", lead }), h("div", { class: "stack" }, reload, card(null, {}, toolbar, part.element)));
  return { title: "Configuration", element, update: () => { part.now(); }, stop: part.stop };
}
