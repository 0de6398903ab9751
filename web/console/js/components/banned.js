// Who is banned, why, and until when: few enough for one table.

import { h } from "../lib/dom.js";
import { when } from "../lib/format.js";
import { visible } from "../lib/text.js";
import * as api from "../api.js";
import { asked } from "./asked.js";
import { card, clientLink, empty, rightButton } from "./bits.js";
import { confirm } from "./dialog.js";
import { table } from "./table.js";

/** @type {Column<Api.BanJson>[]} */
const COLUMNS = [
  { name: "Client", class: "name", phone: 1, cell: (one) => clientLink(one.client, { tab: "tokens" }) },
  { name: "Reason", phone: 3, cell: (one) => one.reason ? h("bdi", {}, visible(one.reason)) : "none given" },
  { name: "Until", phone: 2, cell: (one) => one.until_ms ? when(one.until_ms) : "lifted" },
  { name: "", right: true, phone: 4, cell: (one) => rightButton("manage", "Lift …", { class: "small", onclick: () => lift(one.client) }) },
];

/** Asks whether a ban is to end. */
export function lift(id, then = () => {}) {
  confirm({ title: "Lift the ban?", text: h("p", {}, h("bdi", {}, visible(id)), " may connect again at once, if it shows what it has to."), action: "Lift the ban", isHarmless: true,
    act: async () => { await api.liftBan(id); then(); return "The ban is lifted."; } });
}

export function banned() {
  const rows = table(COLUMNS, (one) => one.client, { caption: "Banned clients" });
  const part = asked({ ms: 5000, ask: api.bans, show: ({ bans }) => {
    rows.fill(bans);
    return bans.length ? rows.element : empty("Nobody is banned", "A client is banned on its own page: its session ends, and it stays out.");
  } });
  return { element: card(null, {}, part.element), stop: part.stop };
}
