// Starts the console: the frame around the pages, and which page stands at which address.

import { h } from "./lib/dom.js";
import { here, start } from "./lib/router.js";
import { plain } from "./lib/text.js";
import { resume, signInAgain } from "./api.js";
import { trouble } from "./components/asked.js";
import { empty, pageHead } from "./components/bits.js";
import { frame } from "./components/frame.js";

/** Which file makes the page of an address, and of one with a name behind it. @type {Record<string, [() => Promise<{ page: Maker }>, (() => Promise<{ page: Maker }>)?]>} */
const PAGES = {
  "": [() => import("./pages/overview.js")],
  clients: [() => import("./pages/clients.js"), () => import("./pages/client.js")],
  channels: [() => import("./pages/channels.js"), () => import("./pages/channel.js")],
  nodes: [() => import("./pages/nodes.js"), () => import("./pages/nodes.js")],
  problems: [() => import("./pages/problems.js")],
  access: [() => import("./pages/access.js")],
  configuration: [() => import("./pages/configuration.js")],
  "sign-in": [() => import("./pages/sign-in.js")],
};

const shell = frame();
/** @type {Page | undefined} */
let current;
let currentPath = "";
let turn = 0;
/** @type {(() => void) | undefined} */
let stopFrame;

const nothing = () => ({ title: "Nothing here", element: h("div", {}, pageHead({ title: "Nothing here" }), empty("This address leads nowhere", h("a", { href: "/" }, "To the overview"))) });

const broken = (error) => ({ title: "Rialto", element: h("div", {}, pageHead({ title: "This page did not load" }), trouble(error, () => location.reload())) });

async function show() {
  const mine = turn += 1;
  const { segments: [first = "", ...names], query } = here();
  const path = location.pathname;
  if (path === currentPath && current?.update) { current.update(query); return; }
  const [plainPage, namedPage] = Object.hasOwn(PAGES, first) ? PAGES[first] ?? [] : [];
  const load = names.length === 0 ? plainPage : names.length === 1 ? namedPage : undefined;
  let made;
  try {
    if (first !== "sign-in" && !stopFrame && !await resume()) { signInAgain(""); return; }
    made = load && (await load()).page;
  } catch (error) {
    made = () => broken(error);
  }
  if (mine !== turn) return;
  current?.stop?.();
  current = (made ?? nothing)(query, names[0] ?? "");
  document.title = `${plain(current.title)} · Rialto`;
  place(first, path !== currentPath);
  currentPath = path;
}

/** Puts the page where it belongs. */
function place(first, isOther) {
  if (!current) return;
  if (first === "sign-in") {
    stopFrame?.();
    stopFrame = undefined;
    document.body.replaceChildren(current.element);
    return;
  }
  const isFresh = !shell.root.isConnected;
  if (isFresh) document.body.replaceChildren(h("a", { class: "skip", href: "#main" }, "Skip to the page"), shell.root);
  stopFrame ??= shell.start();
  shell.mark(first);
  shell.page.replaceChildren(current.element);
  if (!isOther || isFresh) return;
  scrollTo(0, 0);
  shell.page.querySelector("h1")?.focus({ preventScroll: true });
}

start(show);
