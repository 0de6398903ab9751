// The few pictures, drawn on 16 by 16 with one stroke width.

import { s } from "./dom.js";

/** @type {Record<string, string>} */
const PATHS = {
  overview: "M2 13.5V8.5h3v5zM6.5 13.5v-11h3v11zM11 13.5V6h3v7.5z",
  clients: "M8 8a2.75 2.75 0 1 0 0-5.5A2.75 2.75 0 0 0 8 8zM2.5 14c.4-2.6 2.6-4 5.5-4s5.1 1.4 5.5 4",
  channels: "M2 4.5h12M2 8h8M2 11.5h10M12.5 8h1.5",
  nodes: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.1M5 11h.1",
  problems: "M8 2.5l6 11H2zM8 6.5v3.5M8 11.800v.1",
  access: "M3.5 7h9v6.5h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
  configuration: "M2 5h6M12 5h2M2 11h2M8 11h6M10 3.300v3.400M6 9.300v3.4",
  sample: "M2 3h12v10H2zM4.5 6.5l2 1.75-2 1.750M8.5 10.200h3",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.300L14 14",
  more: "M2 4h12M2 8h12M2 12h12",
  theme: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
  pause: "M5 3v10M11 3v10",
  play: "M4.5 2.5v11l8.5-5.5z",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
};

export function icon(name) {
  return s("svg", { viewBox: "0 0 16 16", fill: "none", stroke: "currentColor", "stroke-width": 1.4, "stroke-linejoin": "round", "stroke-linecap": "round", "aria-hidden": "true" },
    s("path", { d: PATHS[name] ?? "" }));
}

/** A bridge: the arch and its steps. */
export function mark() {
  return s("svg", { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linecap": "square", "aria-hidden": "true" },
    s("path", { d: "M2 19V15L12 6l10 9v4" }), s("path", { d: "M6.5 19a5.5 5.5 0 0 1 11 0" }));
}

/** States differ in shape, not only in colour. @type {Record<string, SVGElement>} */
const SHAPES = {
  online: s("circle", { cx: 5, cy: 5, r: 4.5, fill: "currentColor" }),
  ok: s("circle", { cx: 5, cy: 5, r: 4.5, fill: "currentColor" }),
  detached: s("path", { d: "M5 .5a4.5 4.5 0 0 0 0 9z M5 .9a4.1 4.1 0 0 1 0 8.2", fill: "currentColor", stroke: "currentColor", "fill-rule": "evenodd" }),
  offline: s("circle", { cx: 5, cy: 5, r: 3.8, fill: "none", stroke: "currentColor", "stroke-width": 1.4 }),
  slow: s("path", { d: "M5 .5L9.7 9.200H.3z", fill: "currentColor" }),
  warn: s("path", { d: "M5 .5L9.7 9.200H.3z", fill: "currentColor" }),
  banned: s("path", { d: "M1 1h8v8H1z", fill: "currentColor" }),
  bad: s("path", { d: "M1 1h8v8H1z", fill: "currentColor" }),
};

export function stateShape(state) {
  return s("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, (SHAPES[state] ?? SHAPES.offline)?.cloneNode());
}
