// Who may what: a question to the rules, and their answer, rule by rule.

import { h, setContent } from "../lib/dom.js";
import { linkHere } from "../lib/router.js";
import { named, visible } from "../lib/text.js";
import * as api from "../api.js";
import { trouble } from "./asked.js";
import { button, labelled, state } from "./bits.js";

/** @type {[string, string][]} */
const ACTIONS = [["publish", "Publish"], ["subscribe", "Subscribe"], ["p2p", "Send to one client"], ["control", "Ask a control channel"], ["history", "Read the history"]];

/** `isClientKnown`: it is the client of this page. */
export function accessForm(first, isClientKnown = false) {
  const client = h("input", { class: "field", required: true, value: first.client ?? "", spellcheck: "false", autocomplete: "off" });
  const channel = h("input", { class: "field", value: first.channel ?? "", spellcheck: "false", autocomplete: "off" });
  const action = h("select", { class: "field" }, ACTIONS.map(([value, text]) => h("option", { value, selected: value === (first.action ?? "subscribe") }, text)));
  const answer = h("div", { role: "status" });

  async function ask(isWithApplication) {
    try {
      const said = await api.testAccess({ client: client.value, action: action.value, channel: channel.value, ...(isWithApplication ? { ask_application: true } : {}) });
      setContent(answer, verdict(said, () => ask(true)));
    } catch (error) {
      setContent(answer, trouble(error, () => ask(isWithApplication)));
    }
  }
  const submit = (event) => {
    event.preventDefault();
    const address = linkHere(isClientKnown ? { action: action.value, channel: channel.value } : { client: client.value, action: action.value, channel: channel.value });
    if (address !== location.pathname + location.search) history.replaceState(null, "", address);
    ask(false);
  };
  if (first.client && first.channel) ask(false);
  return h("div", { class: "access" },
    h("form", { class: "card-body access-form", onsubmit: submit }, !isClientKnown && labelled("Client", client), labelled("Wants to", action), labelled("Channel", channel), button("Ask the rules", { class: "primary", type: "submit" })),
    answer);
}

function verdict(said, askApplication) {
  const steps = said.steps ?? [];
  return h("div", { class: "card-body" },
    h("p", { class: "verdict" }, state(said.allowed ? "ok" : "bad", said.allowed ? "Allowed" : "Refused"), " ", h("span", {}, visible(said.text.replace(/^(not )?allowed: /, ""))), said.source && h("span", { class: "quiet" }, visible(said.source))),
    h("p", { class: "soft" }, said.connected ? "It is connected: its real groups count" : "It is not connected: the groups of the settings and of users count", said.groups?.length ? [": ", named(said.groups.join(", "))] : "; it has none", "."),
    steps.length > 0 && h("ol", { class: "steps" }, steps.map((step) => h("li", { class: step.fits ? "fits" : "" },
      h("code", {}, visible(`rule ${step.rule}`)), h("span", { class: "soft" }, step.fits ? [" decides", step.why && ": "] : " does not fit: ", step.why && visible(String(step.why)))))),
    said.application === "not-asked" && h("p", {}, button("Ask the application too", { class: "small", onclick: askApplication })));
}
