// A chart over time: <rialto-chart>. SVG, drawn anew from arrays, no library. Lines are told apart by colour, dash and
// label; the arrow keys move the readout; a summary is read out. A value that is not known leaves a gap.

import { h, s, setContent } from "../lib/dom.js";
import { time } from "../lib/format.js";

const PAD = { top: 6, right: 2, bottom: 18, left: 48 };
const KINDS = ["c1", "c2", "c3"];
const DASHES = ["", "dashed", "dotted"];

class Chart extends HTMLElement {
  /** @type {Line[]} */
  #lines = [];
  /** @type {number[]} */
  #times = [];
  /** @type {number | null} */
  #cursor = null;
  /** @type {ChartOptions} */
  #options = { name: "", format: String };
  #readout = h("p", { class: "readout" });
  #svg = s("svg", { class: "chart", role: "img", tabindex: 0 });
  #observer = new ResizeObserver(() => this.#draw());

  setup(options) {
    this.#options = options;
    this.append(this.#readout, this.#svg);
    this.#svg.setAttribute("aria-label", `${options.name}: nothing known yet`);
    this.#svg.addEventListener("pointermove", (event) => this.#point(event));
    this.#svg.addEventListener("pointerleave", () => { this.#cursor = null; this.#draw(); });
    this.#svg.addEventListener("blur", () => { this.#cursor = null; this.#draw(); });
    this.#svg.addEventListener("keydown", (event) => this.#step(event));
    return this;
  }

  connectedCallback() { this.#observer.observe(this); }
  disconnectedCallback() { this.#observer.disconnect(); }

  /** Times in milliseconds; each line has as many values. */
  show(times, lines) {
    this.#times = times;
    this.#lines = lines;
    this.#draw();
  }

  /** Draws a dotted line there. */
  limit(limit) { this.#options.limit = limit; }

  #point(event) {
    const box = this.#svg.getBoundingClientRect();
    const share = (event.clientX - box.left - PAD.left) / (box.width - PAD.left - PAD.right);
    this.#moveTo(Math.round(share * (this.#times.length - 1)));
  }

  #step(event) {
    const move = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (!move) return;
    event.preventDefault();
    this.#moveTo((this.#cursor ?? this.#times.length - 1) + move);
  }

  #moveTo(at) {
    this.#cursor = Math.max(0, Math.min(this.#times.length - 1, at));
    this.#draw();
  }

  #draw() {
    const width = this.clientWidth, height = this.#svg.clientHeight;
    if (width === 0 || this.#times.length < 2) return;
    const last = this.#times.length - 1;
    const most = Math.max(0, ...this.#lines.flatMap((line) => line.values.map((value) => value ?? 0)));
    const top = this.#options.isBinary ? niceBytes(Math.max(most, 1024)) : niceTop(Math.max(most, 1e-9) === 1e-9 ? 1 : most);
    const x = (at) => PAD.left + (at / last) * (width - PAD.left - PAD.right);
    const y = (value) => PAD.top + (1 - value / top) * (height - PAD.top - PAD.bottom);
    const shown = this.#cursor ?? last;
    const cursor = this.#cursor === null ? [] : [s("line", { class: "cursor", x1: x(shown), x2: x(shown), y1: PAD.top, y2: height - PAD.bottom })];
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#svg.replaceChildren(...this.#axes(width, height, top, x, y), ...this.#lines.flatMap((line, at) => this.#path(line, at, x, y)), ...cursor);
    this.#tell(shown);
  }

  #axes(width, height, top, x, y) {
    const { format, limit } = this.#options;
    const last = this.#times.length - 1;
    const grid = [0, 0.5, 1].flatMap((share) => {
      const at = Math.round(y(top * share)) + 0.5;
      return [s("line", { class: "grid", x1: PAD.left, x2: width - PAD.right, y1: at, y2: at }), s("text", { x: PAD.left - 8, y: at + 4, "text-anchor": "end" }, format(top * share, true))];
    });
    const times = [[0, "start"], ...(last > 3 ? [[Math.round(last / 2), "middle"]] : []), [last, "end"]].map(([at, anchor]) =>
      s("text", { x: x(Number(at)), y: height - 3, "text-anchor": anchor ?? "" }, at === last ? "now" : time(this.#times[Number(at)] ?? 0)));
    const bound = limit === undefined || limit > top ? [] : [s("line", { class: "limit", x1: PAD.left, x2: width - PAD.right, y1: y(limit), y2: y(limit) })];
    return [...grid, ...times, ...bound];
  }

  #path(line, index, x, y) {
    let isDown = false;
    const d = line.values.map((value, at) => {
      if (value === null) { isDown = false; return ""; }
      const step = `${isDown ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      isDown = true;
      return step;
    }).join("");
    const kind = KINDS[index] ?? "c1";
    const begin = line.values.findIndex((value) => value !== null);
    const hasArea = index === 0 && this.#options.area !== false && begin >= 0 && !line.values.slice(begin).includes(null);
    const area = hasArea ? [s("path", { class: `area ${kind}`, d: `${d}L${x(line.values.length - 1)} ${y(0)}L${x(begin)} ${y(0)}Z` })] : [];
    return [...area, s("path", { class: `line ${kind} ${this.#options.dashes ? DASHES[index] : ""}`, d })];
  }

  /** Says the values in words: above the chart, and as its name. */
  #tell(shown) {
    const { format, dashes, name } = this.#options;
    const said = (value) => value === null || value === undefined ? "–" : format(value);
    setContent(this.#readout, [...this.#lines.map((line, index) => h("span", {},
      s("svg", { class: "key", viewBox: "0 0 16 8", "aria-hidden": "true" }, s("line", { class: `${KINDS[index]} ${dashes ? DASHES[index] : ""}`, x1: 0, x2: 16, y1: 4, y2: 4 })),
      `${line.label} `, h("b", {}, said(line.values[shown])))),
      this.#cursor !== null && h("span", { class: "at" }, time(this.#times[shown] ?? 0))]);
    const summary = this.#lines.map((line) => `${line.label} ${said(line.values[shown])}, most ${format(Math.max(0, ...line.values.map((value) => value ?? 0)))}`);
    this.#svg.setAttribute("aria-label", `${name}: ${summary.join("; ")}`);
  }
}

/** The next number upwards of 1, 2, 2.5, 4, 5, 8 times a power of ten: its half is short to write as well. */
function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 4, 5, 8, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

/** The same for bytes: a power of two, or one and a half times one. */
function niceBytes(value) {
  const power = 2 ** Math.floor(Math.log2(value));
  return [1, 1.5, 2].map((step) => step * power).find((step) => step >= value) ?? value;
}

customElements.define("rialto-chart", Chart);

export const chart = (options) => new Chart().setup(options);

/** A line without axes, for a row of a table. */
export function spark(values) {
  const most = Math.max(...values, 1e-9);
  const d = values.map((value, at) => `${at ? "L" : "M"}${((at / Math.max(1, values.length - 1)) * 88).toFixed(1)} ${(19 - (value / most) * 17).toFixed(1)}`).join("");
  return s("svg", { class: "spark", viewBox: "0 0 88 20", preserveAspectRatio: "none", "aria-hidden": "true" }, s("path", { d }));
}

/** The values of the last minutes of something that this page counts itself, from when it was opened. */
export class Recorder {
  /** @type {number[]} */
  times = [];
  /** @type {(number | null)[][]} */
  lines = [];

  /** Keeps so many values. */
  constructor(most = 150) { this.most = most; }

  /** Adds a value of each line. */
  add(...values) {
    this.times.push(Date.now());
    values.forEach((value, at) => (this.lines[at] ??= []).push(value ?? null));
    if (this.times.length <= this.most) return;
    this.times.shift();
    for (const line of this.lines) line.shift();
  }
}
