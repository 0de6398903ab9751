// What can be done to what a channel keeps, each with its question first.

import { h } from "../lib/dom.js";
import { count } from "../lib/format.js";
import { isJson, jsonBlock } from "../lib/json.js";
import { named } from "../lib/text.js";
import * as api from "../api.js";
import { labelled } from "./bits.js";
import { confirm } from "./dialog.js";

/** Asks for what is retained, so that the question shows it. */
const kept = (name) => api.retained(name).then((it) => jsonBlock(it.payload), (error) => error instanceof api.Refusal ? error.message : String(error));

export async function clearForm(name, then = () => {}) {
  confirm({ title: ["Clear the retained message of ", named(name), "?"], text: h("div", {}, h("p", {}, "New subscribers get nothing at first any more. This is gone:"), await kept(name)), action: "Clear it",
    act: async () => { await api.clearRetained(name); then(); return "The retained message is cleared."; } });
}

export async function replaceForm(name, then = () => {}) {
  const old = await api.retained(name).then((it) => it.payload, () => "");
  const payload = h("textarea", { class: "field", rows: 8, spellcheck: "false", dir: "ltr" }, old.length > 65_536 ? "" : old);
  confirm({ title: ["Replace the retained message of ", named(name)], text: "Each new subscriber gets it first; those that are there get nothing.", fields: labelled("Payload, as JSON", payload), action: "Replace it", isHarmless: true,
    act: async () => {
      if (!isJson(payload.value)) throw new api.Refusal(0, "Not JSON yet", "Mend the payload, and try again.");
      await api.putRetained(name, payload.value);
      then();
      return "The retained message is replaced.";
    } });
}

export async function purgeForm(name) {
  const [about, behind] = await Promise.all([api.channel(name).catch(() => undefined), api.subscribers(name, { sort: "lag", limit: 5 }).catch(() => undefined)]);
  const whose = behind?.subscribers.filter((it) => it.lag).map((it) => [named(it.client), `: ${count(it.lag ?? 0)}`]) ?? [];
  const text = h("div", {}, h("p", {}, `${count(about?.log_messages ?? 0)} stored messages are dropped, for all that have not acknowledged them. This cannot be undone.`),
    whose.length > 0 && h("ul", { class: "plain" }, whose.map((it) => h("li", {}, it))));
  confirm({ title: ["Purge the backlog of ", named(name), "?"], text, action: "Purge the backlog", typed: name,
    act: async () => { const answer = await api.purge(name); return answer?.dropped === undefined ? "The backlog is purged." : `${count(answer.dropped)} stored messages were dropped.`; } });
}
