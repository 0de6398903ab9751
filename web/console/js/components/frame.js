// What stands around every page: navigation, search, how it stands with the broker, who is signed in.

import { h, setContent } from "../lib/dom.js";
import { compact, count, span } from "../lib/format.js";
import { icon, mark } from "../lib/icons.js";
import { eachSecond, every } from "../lib/poll.js";
import { go, here, link, linkHere } from "../lib/router.js";
import { plain } from "../lib/text.js";
import * as api from "../api.js";
import { choice } from "./bits.js";
import { listenToKeys } from "./keys.js";

/** @type {[string, string][]} */
const WATCH = [["", "Overview"], ["clients", "Clients"], ["channels", "Channels"], ["nodes", "Nodes"], ["problems", "Problems"]];
/** @type {[string, string][]} */
const UNDERSTAND = [["access", "Access"], ["configuration", "Configuration"]];

const at = (first) => first ? [first] : [];

export function frame() {
  const root = h("div", { class: "frame" });
  const page = h("main", { id: "main", class: "page", tabindex: -1 });
  const more = h("button", { type: "button", "aria-expanded": "false", onclick: () => turnMenu(!root.classList.contains("menu-open")) }, icon("more"), "More");
  const turnMenu = (isOpen) => { root.classList.toggle("menu-open", isOpen); more.setAttribute("aria-expanded", String(isOpen)); };
  /** @type {Record<string, HTMLElement>} */
  const numbers = {};
  const entry = (/** @type {[string, string]} */ [path, text]) => {
    const number = numbers[path] = h("span", { class: "count" });
    return h("a", { href: link(at(path)), "data-path": path, onclick: () => turnMenu(false) }, icon(path || "overview"), text, number);
  };
  const nodes = h("div", { class: "node-switch", hidden: true });
  const user = h("div", { class: "who" });
  const version = h("p", { class: "version" });

  const rail = h("nav", { class: "rail", "aria-label": "Console" },
    h("a", { class: "brand", href: "/" }, mark(), "Rialto"), nodes,
    h("div", { class: "nav" }, WATCH.map(entry), h("h2", {}, "Understand"), UNDERSTAND.map(entry),
      h("h2", {}, "Try"), h("a", { href: "/sample/", "data-document": true }, icon("sample"), "Sample application")),
    h("div", { class: "rail-foot" }, user, version));

  const search = h("input", { class: "field", type: "search", placeholder: "Client or channel …", "aria-label": "Find clients or channels whose name begins so", autocomplete: "off", spellcheck: "false" });
  const find = (event) => {
    event.preventDefault();
    go(link([search.value.includes("/") ? "channels" : "clients"], { prefix: search.value }));
  };
  const sign = liveSign();
  const bar = h("header", { class: "bar" },
    h("form", { class: "search", role: "search", onsubmit: find }, icon("search"), search, h("kbd", { "aria-hidden": "true" }, "/")),
    h("div", { class: "bar-end" }, sign.element,
      h("button", { class: "icon-button theme-button", type: "button", title: "Light or dark", "aria-label": "Light or dark", onclick: turnTheme }, icon("theme"))));

  const bottom = h("nav", { class: "tabbar-bottom", "aria-label": "Pages" },
    WATCH.filter(([path]) => path !== "nodes").map(([path, text]) => h("a", { href: link(at(path)), "data-path": path, onclick: () => turnMenu(false) }, icon(path || "overview"), text)), more);

  root.append(rail, h("div", { class: "beside" }, bar, page), bottom);
  listenToKeys(search);
  addEventListener("keydown", (event) => { if (event.key === "Escape") turnMenu(false); });

  return {
    root, page,
    /** Says which entry of the navigation the page belongs to. */
    mark(first) {
      for (const one of root.querySelectorAll("a[data-path]")) {
        if (one.getAttribute("data-path") === first) one.setAttribute("aria-current", "page");
        else one.removeAttribute("aria-current");
      }
    },
    /** Takes up who is signed in, and begins to count. */
    start() {
      const session = api.who();
      setContent(user, session ? [h("span", {}, h("bdi", {}, plain(session.user)), h("small", {}, session.role ?? session.rights.join(", "))), h("button", { class: "link", type: "button", onclick: leave }, "Sign out")] : []);
      user.hidden = !session?.user;
      const stopCounts = every(10_000, async (signal) => {
        const totals = await api.counts(signal);
        const problems = totals.problems ?? totals.events;
        showCount(numbers.clients, totals.clients?.all);
        showCount(numbers.channels, totals.channels?.all ?? totals.channels?.in_use);
        if (typeof problems === "number") showCount(numbers.problems, problems);
      });
      const stopNodes = every(30_000, async (signal) => {
        const { nodes: list = [] } = await api.nodes(signal);
        showCount(numbers.nodes, list.length);
        setContent(version, `Rialto ${list[0]?.version ?? ""}`);
        showNodes(nodes, list.map((one) => one.name));
      });
      const stopSign = eachSecond(sign.tell);
      // The session lives on while somebody looks.
      const stopSession = every(300_000, api.resume);
      return () => { stopCounts(); stopNodes(); stopSign(); stopSession(); };
    },
  };
}

function showCount(place, number) {
  if (place && typeof number === "number") setContent(place, h("span", { title: count(number) }, number < 1_000_000 ? count(number) : compact(number)));
}

/** The choice of one node, where there are several. */
function showNodes(place, names) {
  place.hidden = names.length < 2;
  if (place.hidden || place.childElementCount) return;
  place.append(choice("Node", [["", "All nodes"], ...names.map((name) => /** @type {[string, string]} */ ([name, plain(name)]))], here().query.get("node") ?? "", (node) => go(linkHere({ node, after: undefined }))));
}

async function leave() {
  await api.signOut().catch(() => {});
  go("/sign-in?why=left");
}

/** How it stands with the broker. Only a change of state is read out; the seconds are for eyes. */
function liveSign() {
  const word = h("span", { role: "status" });
  const age = h("span", { "aria-hidden": "true" });
  const element = h("span", { class: "live" }, h("i"), word, age);
  return {
    element,
    tell() {
      const { lostSince, answeredAt } = api.connection;
      const old = Math.floor((Date.now() - answeredAt) / 1000);
      element.classList.toggle("lost", lostSince > 0);
      setContent(word, lostSince ? "Lost, trying again" : "Live");
      setContent(age, lostSince ? `, ${span(Math.max(1, Math.floor((Date.now() - lostSince) / 1000)))} ago` : old > 3 ? `, ${span(old)} old` : "");
    },
  };
}

function turnTheme() {
  const isDark = document.documentElement.dataset.theme === "dark" || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const theme = isDark ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
}
