// The URL is the state: path for the thing, query for how it is looked at. Nothing else is remembered.

/** @type {() => void} */
let changed = () => {};

function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

/** Where we are: { segments: ["clients", "ada"], query }. */
export const here = () => ({
  segments: location.pathname.split("/").filter(Boolean).map(decoded),
  query: new URLSearchParams(location.search),
});

/** The address of a page. Empty query values are left out: the shortest address is the default view. */
export function link(segments, query = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  return `/${segments.map(encodeURIComponent).join("/")}${search.size ? `?${search}` : ""}`;
}

/** This page with some of its query changed. */
export function linkHere(changes) {
  const { segments, query } = here();
  return link(segments, { ...Object.fromEntries(query), ...changes });
}

/** Goes to another page, as a link does. */
export function go(address) {
  if (address === location.pathname + location.search) return;
  history.pushState(null, "", address);
  changed();
}

/** For a filter or a choice: the page changes, and Back leaves it without undoing letters. */
export function replace(address) {
  history.replaceState(null, "", address);
  changed();
}

/** The address changes and nothing else. */
export const note = (address) => history.replaceState(null, "", address);

/** Only addresses of the console itself may be come back to. */
export const own = (address) => address && /^\/(?![/\\])/.test(address) && !address.startsWith("/sign-in") ? address : "/";

/** Calls `listener` for every other place; links of the page itself need no new document. */
export function start(listener) {
  changed = listener;
  addEventListener("popstate", listener);
  addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const anchor = event.target instanceof Element ? event.target.closest("a") : null;
    if (!anchor || anchor.origin !== location.origin || anchor.target || anchor.download || anchor.dataset.document || anchor.hash) return;
    event.preventDefault();
    go(anchor.pathname + anchor.search);
  });
  listener();
}
