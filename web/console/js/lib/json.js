// JSON for reading. It is cut into tokens and never parsed into numbers: 73314510714175488 stays what it is.

import { h } from "./dom.js";
import { stringEnd } from "./raw.js";
import { visible } from "./text.js";

/** What is shown at once of a long payload: characters, and tokens. */
const STEP = 16_384;
const TOKENS_MAX = 2_000;
/** Deeper lines are not indented any further. */
const INDENT_MAX = 40;
const SPACE = /\s*/y;
const PLAIN = /(-?\d[\d.eE+-]*)|(true|false|null)|[{}[\],:]|[^\s{}[\],:"]{1,64}/y;

/** Yields [kind, text, end]: k key, s string, n number, b true, false or null, p punctuation. */
function* tokens(text) {
  for (let at = skip(text, 0); at < text.length; at = skip(text, at)) {
    if (text[at] === '"') {
      const end = stringEnd(text, at);
      yield [text[skip(text, end)] === ":" ? "k" : "s", text.slice(at, end), end];
      at = end;
      continue;
    }
    PLAIN.lastIndex = at;
    const match = PLAIN.exec(text);
    const found = match?.[0] ?? text.slice(at, at + 1);
    at += found.length;
    yield [match?.[1] ? "n" : match?.[2] ? "b" : "p", found, at];
  }
}

/** Behind the spaces at `at`. */
function skip(text, at) {
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

const span = (kind, text) => h("span", { class: kind }, visible(text));

/** One line, cut at so many characters: what stands in a row of the tail. */
export function jsonLine(text, limit = 240) {
  const cut = text.length > limit ? text.slice(0, limit) : text;
  const parts = [...tokens(cut)].map(([kind, part]) => span(kind, part === ":" || part === "," ? `${part} ` : part));
  return h("code", { class: "json", dir: "ltr" }, parts, cut === text ? null : span("p", " …"));
}

/** Indented by two, in the order in which it was written; a long one bit by bit, as somebody asks for more. */
export function jsonBlock(text, label = "Payload") {
  const out = h("pre", { class: "json", tabindex: 0, dir: "ltr", role: "group", "aria-label": label });
  const more = h("button", { class: "button small", type: "button" }, "");
  const rest = h("p", { class: "json-more" }, more);
  const source = tokens(text);
  let depth = 0;
  let shown = 0;
  let isNew = false;
  const line = () => { out.append(`\n${"  ".repeat(Math.min(depth, INDENT_MAX))}`); isNew = false; };
  const step = () => {
    const until = shown + STEP;
    for (let left = TOKENS_MAX; shown < until && left > 0; left -= 1) {
      const { value, done } = source.next();
      if (done) { shown = text.length; break; }
      const [kind, part, end] = value;
      if (part === "}" || part === "]") { depth -= 1; if (!isNew) line(); }
      else if (isNew) line();
      isNew = false;
      if (part.length > STEP) out.append(span(kind, `${part.slice(0, STEP)}…`));
      else out.append(span(kind, part));
      if (kind === "p") {
        if (part === "{" || part === "[") { depth += 1; isNew = true; }
        else if (part === ",") line();
        else if (part === ":") out.append(" ");
      }
      shown = end;
    }
    rest.hidden = shown >= text.length;
    more.textContent = `Show more: ${Math.ceil((text.length - shown) / 1024)} KiB are left`;
  };
  more.addEventListener("click", step);
  step();
  return h("div", { class: "json-block" }, out, rest);
}

/** Whether a text is JSON. */
export function isJson(text) {
  try { JSON.parse(text); return true; } catch { return false; }
}
