// Tables: rows come sorted and filtered from the server; this shows them, keeps them where they are while their
// numbers change, and lets a keyboard walk them.

import { h, setContent } from "../lib/dom.js";
import { go, linkHere } from "../lib/router.js";

/** @template R @param {Column<R>[]} columns */
export function table(columns, keyOf, options) {
  const head = h("tr", {}, columns.map((column) => heading(column, options)));
  const body = h("tbody");
  const element = h("table", { class: "table cards" }, h("caption", { class: "sr-only" }, options.caption), h("thead", {}, head), body);
  element.addEventListener("keydown", walk);
  const corners = columns.map((column) => corner(column, columns, options));
  /** @type {Map<string, HTMLTableRowElement>} */
  const rows = new Map();

  const made = (row) => h("tr", {}, columns.map((column, at) => {
    const classes = [column.right && "right", column.class, corners[at]].filter(Boolean).join(" ");
    return h(at === 0 ? "th" : "td", { scope: at === 0 && "row", class: classes }, column.cell(row));
  }));

  function renew(row, shown) {
    columns.forEach((column, at) => { const cell = shown.cells[at]; if (cell) setContent(cell, column.cell(row)); });
    shown.classList.remove("gone");
  }

  return {
    element: h("div", { class: "table-wrap" }, element),
    /** Shows these rows in this order. */
    fill(list) {
      const old = new Map(rows);
      rows.clear();
      for (const row of list) {
        const shown = old.get(keyOf(row));
        if (shown) renew(row, shown);
        rows.set(keyOf(row), shown ?? made(row));
      }
      body.replaceChildren(...rows.values());
    },
    /** Renews what is shown and moves nothing; answers whether `fill` would show something else. */
    renew(list) {
      const keys = [...rows.keys()];
      for (const shown of rows.values()) shown.classList.add("gone");
      for (const row of list) {
        const shown = rows.get(keyOf(row));
        if (shown) renew(row, shown);
      }
      return list.length !== keys.length || list.some((row, at) => keyOf(row) !== keys[at]);
    },
    get size() { return rows.size; },
  };
}

function heading(column, options) {
  const isSorted = column.sort !== undefined && options.sort === column.sort;
  const isUp = options.order === "asc";
  const turn = () => go(linkHere({ sort: column.sort, order: isSorted && !isUp ? "asc" : undefined, after: undefined }));
  return h("th", { scope: "col", class: column.right && "right", "aria-sort": isSorted && (isUp ? "ascending" : "descending") },
    column.sort ? h("button", { class: "sort", type: "button", onclick: turn }, column.name) : column.name || h("span", { class: "sr-only" }, "More"));
}

function corner(column, columns, options) {
  const isShown = columns.some((one) => one.sort && one.sort === options.sort);
  const at = options.sort && column.sort === options.sort ? 4 : isShown && column.phone === 4 ? undefined : column.phone;
  return at && `on-phone corner-${at}`;
}

/** Arrow keys (and j, k) go from row to row; Enter follows the link, as links do. */
function walk(event) {
  const target = event.target instanceof Element ? event.target : null;
  const row = target?.closest("tbody tr");
  const step = event.key === "ArrowDown" || event.key === "j" ? 1 : event.key === "ArrowUp" || event.key === "k" ? -1 : 0;
  if (!step || !row || target?.closest("input, select, textarea")) return;
  const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  next?.querySelector("a")?.focus();
  event.preventDefault();
}
