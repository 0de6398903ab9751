// Elements without markup in strings: text stays text, whatever a payload or a client's name contains.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an HTML element. Props: on* handlers, booleans, everything else an attribute. @template {keyof HTMLElementTagNameMap} K @param {K} tag @returns {HTMLElementTagNameMap[K]} */
export const h = (tag, props = {}, ...children) => fill(document.createElement(tag), props, children);

/** Makes an SVG element. @template {keyof SVGElementTagNameMap} K @param {K} tag @returns {SVGElementTagNameMap[K]} */
export const s = (tag, props = {}, ...children) => fill(document.createElementNS(SVG, tag), props, children);

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...pieces(children));
  return element;
}

/** What can be appended of children. */
export function pieces(child) {
  if (Array.isArray(child)) return child.flatMap(pieces);
  if (child === null || child === undefined || child === false) return [];
  return [child instanceof Node ? child : String(child)];
}

/** Shows other children, unless they look the same, so that a selection, the focus and a screen reader are left alone. */
export function setContent(element, child) {
  const now = pieces(child);
  const isSame = now.length === element.childNodes.length && now.every((piece, at) => {
    const old = element.childNodes[at];
    return typeof piece === "string" ? old instanceof Text && old.data === piece : old?.isEqualNode(piece) ?? false;
  });
  if (!isSame) element.replaceChildren(...now);
}

/** A bar of a share between 0 and 1, as SVG, since inline styles are forbidden here. */
export function bar(share, className, kind = "") {
  const width = `${(Math.min(1, Math.max(0, share || 0)) * 100).toFixed(1)}%`;
  return s("svg", { class: className, "aria-hidden": "true" },
    s("rect", { class: "track", width: "100%", height: "100%", rx: 2 }),
    s("rect", { class: `value-bar ${kind}`, width, height: "100%", rx: 2 }));
}
