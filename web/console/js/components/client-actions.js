// What can be done to a client, each with its question first.

import { h } from "../lib/dom.js";
import { count } from "../lib/format.js";
import { named, plain } from "../lib/text.js";
import * as api from "../api.js";
import { copyButton, labelled } from "./bits.js";
import { confirm } from "./dialog.js";

export const disconnectForm = (id) => confirm({ title: ["Disconnect ", named(id), "?"], text: "Its connection ends now. It may come back at once, and gets what is stored for it.", action: "Disconnect",
  act: async () => { await api.disconnect(id); return "Disconnected."; } });

export function banForm(id, then = () => {}) {
  const duration = h("select", { class: "field" }, [["3600", "1 hour"], ["86400", "1 day"], ["604800", "1 week"], ["", "Until it is lifted"]].map(([value = "", text = ""]) => h("option", { value }, text)));
  const reason = h("input", { class: "field", autocomplete: "off", maxlength: 200 });
  confirm({ title: ["Ban ", named(id), "?"], text: "Its session ends, and whatever it shows it stays out until the ban ends, also over a restart. What is stored for it is kept.", action: `Ban ${plain(id)}`,
    fields: [labelled("For", duration), labelled("Reason, which the client is told", reason)],
    act: async () => { await api.banClient(id, { reason: reason.value, seconds: duration.value ? Number(duration.value) : null }); then(); return "Banned; its session has ended."; } });
}

export const revokeForm = (id) => confirm({ title: ["Revoke the tokens of ", named(id), "?"], text: "All tokens that it was given until now end, and its session. It needs a new one to come back.", action: "Revoke its tokens",
  act: async () => { await api.revokeTokens(id); return "All its tokens are revoked."; } });

export const tokenForm = (id) => confirm({ title: ["Sign a token for ", named(id), "?"], text: "Whoever has it can connect as this client. It is shown once.", action: "Sign it", isHarmless: true,
  act: async () => { const { token } = await api.signToken(id); showToken(id, token); } });

function showToken(id, token) {
  const dialog = h("dialog", { "aria-labelledby": "token-title" }, h("form", { method: "dialog" },
    h("h2", { id: "token-title" }, "A token for ", named(id)), h("p", { class: "soft" }, "It is not shown again."), h("pre", { class: "token", tabindex: 0 }, token),
    h("div", { class: "actions" }, copyButton(token, "Copy"), h("button", { class: "button primary" }, "Done"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

export function subscribeForm(id) {
  const channel = h("input", { class: "field", required: true, spellcheck: "false", autocomplete: "off" });
  const persistent = h("input", { type: "checkbox" });
  confirm({ title: ["Subscribe ", named(id)], text: "Whatever its rights are. It gets what is published from now on.", action: "Subscribe it", isHarmless: true,
    fields: [labelled("Channel", channel), h("label", { class: "check" }, persistent, "Persistent: messages are kept for it while it is away")],
    act: async () => { await api.subscribe(id, channel.value, persistent.checked); return "Subscribed."; } });
}

export const unsubscribeForm = (id, it) => confirm({ title: ["Unsubscribe ", named(id), " from ", named(it.channel), "?"], action: "Unsubscribe it",
  text: it.persistent && it.lag ? `${count(it.lag)} stored messages are dropped for it.` : "It gets nothing of this channel any more, unless it subscribes again.",
  act: async () => { await api.unsubscribe(id, it.channel, it.persistent); return "Unsubscribed."; } });
