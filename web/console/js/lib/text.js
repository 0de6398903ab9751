// Names and texts of others: what cannot be seen, or changes how other text is seen, is shown by its number.

import { h } from "./dom.js";

/** Control, format and direction characters, separators of lines, what has no meaning, and marks heaped up. */
const ODD = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u{e0100}-\u{e01ef}]|(?<=\p{M}{3})\p{M}+/gu;

const numbers = (found) => [...found].slice(0, 4).map((one) => `U+${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`).join(" ");

/** A text with odd characters marked. `isBlock`: line ends and tabs are let through. */
export function visible(text, isBlock = false) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(ODD)) {
    if (isBlock && (match[0] === "\n" || match[0] === "\t")) continue;
    parts.push(text.slice(from, match.index), h("span", { class: "odd" }, numbers(match[0])));
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== "");
}

/** The same without elements, for titles and attributes. */
export const plain = (text) => text.replace(ODD, (found) => `⟨${numbers(found)}⟩`);

/** A name of somebody or something: kept apart from the direction of the text around it. */
export const named = (text) => h("bdi", {}, visible(text));
