// Access: what would be decided, by which rule, and why; and what was refused last.

import { h } from "../lib/dom.js";
import { link } from "../lib/router.js";
import * as api from "../api.js";
import { accessForm } from "../components/access-form.js";
import { asked } from "../components/asked.js";
import { card, empty, pageHead } from "../components/bits.js";
import { timeline } from "../components/happened.js";

/** @type {Maker} */
export function page(query) {
  const get = (name) => query.get(name) ?? undefined;
  const refused = asked({ ms: 5000, ask: (signal) => api.events({ kind: "refused", limit: 10 }, signal), show: ({ events }) =>
    events.length ? timeline(events) : empty("Nothing was refused", "What clients are refused stands here, with the rule or the cause.") });
  const element = h("div", { class: "stack" }, pageHead({ title: "Access", lead: "What the rules would decide, and why. Of a client that is connected its real groups and claims are used." }),
    card("A question", {}, accessForm({ client: get("client"), action: get("action"), channel: get("channel") })),
    card("Refused last", { end: h("a", { href: link(["problems"], { kind: "refused" }) }, "All") }, refused.element));
  return { title: "Access", element, stop: refused.stop };
}
