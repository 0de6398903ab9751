// The keyboard: "/" searches, g and a letter goes to a page, "?" lists them. Never while somebody writes.

import { h } from "../lib/dom.js";
import { go, link } from "../lib/router.js";

/** @type {Record<string, string[]>} */
const PLACES = { o: [], c: ["clients"], h: ["channels"], n: ["nodes"], p: ["problems"] };
const LIST = [["/", "Search"], ["g o", "Overview"], ["g c", "Clients"], ["g h", "Channels"], ["g n", "Nodes"], ["g p", "Problems"],
  ["↑ ↓ or k j", "Row above, row below"], ["← →", "A chart's values"], ["Space", "Pause the tail, go on"], ["Esc", "Close"], ["?", "This list"]];

/** Listens to keys; "/" goes to the field `search`. */
export function listenToKeys(search) {
  let isGoing = false;
  addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    const place = PLACES[event.key];
    if (isGoing && place) go(link(place));
    isGoing = event.key === "g";
    if (event.key === "/") { event.preventDefault(); search.focus(); }
    if (event.key === "?") tellKeys();
  });
}

function tellKeys() {
  const dialog = h("dialog", { "aria-labelledby": "keys-title" }, h("form", { method: "dialog" },
    h("h2", { id: "keys-title" }, "Keys"),
    h("dl", { class: "facts" }, LIST.map(([keys, what]) => [h("dt", {}, h("kbd", {}, keys)), h("dd", {}, what)])),
    h("div", { class: "actions" }, h("button", { class: "button" }, "Close"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
