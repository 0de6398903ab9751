// Signing in: what is typed goes to the broker once; what comes back is a cookie that scripts cannot read.

import { h, setContent } from "../lib/dom.js";
import { mark } from "../lib/icons.js";
import { go, own } from "../lib/router.js";
import { Refusal, signIn } from "../api.js";
import { button, labelled } from "../components/bits.js";

/** What is shown to the broker: the field, what it is called, its type, and what browsers may fill in. @type {Record<string, { text: string, fields: [string, string, string, string][] }>} */
const WAYS = {
  user: { text: "User", fields: [["user", "User name", "text", "username"], ["password", "Password", "password", "current-password"]] },
  token: { text: "Token", fields: [["token", "Token or JWT", "password", "off"]] },
  key: { text: "API key", fields: [["key", "API key", "password", "off"]] },
};

/** @type {Record<string, string>} */
const WHY = { expired: "Your session has ended. Sign in to go on where you were.", left: "You have signed out." };

/** @type {Maker} */
export function page(query) {
  let way = "user";
  const fields = h("div", { class: "stack" });
  const choice = h("div", { class: "segments", role: "group", "aria-label": "Sign in with" });
  const why = WHY[query.get("why") ?? ""];
  const said = h("p", { class: "notice", role: "alert", hidden: !why }, why);
  const send = button("Sign in", { type: "submit", class: "primary" });

  function draw() {
    choice.replaceChildren(...Object.entries(WAYS).map(([key, { text }]) => h("button", { type: "button", "aria-pressed": String(key === way), onclick: () => { way = key; draw(); } }, text)));
    fields.replaceChildren(...(WAYS[way]?.fields ?? []).map(([name, text, type, autocomplete], at) =>
      labelled(text, h("input", { class: "field", name, type, autocomplete, required: true, autofocus: at === 0, spellcheck: "false", autocapitalize: "none" }))));
  }

  const form = h("form", {}, fields, send);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      await signIn(Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)])));
      form.reset();
      go(own(query.get("to")));
    } catch (error) {
      said.hidden = false;
      said.classList.add("error");
      setContent(said, sentence(error));
      for (const field of form.querySelectorAll("input")) if (field.type === "password") field.value = "";
    }
    send.disabled = false;
  });
  draw();

  const element = h("main", { class: "sign-in", id: "main" },
    h("div", { class: "brand" }, mark(), "Rialto"), h("h1", { class: "sr-only" }, "Sign in to Rialto"), h("p", { class: "where" }, location.host),
    h("div", { class: "card" }, said, choice, form),
    h("div", { class: "small-print" },
      h("p", {}, "What you may do depends on the groups of your user (“console.roles” in the settings)."),
      h("p", {}, "No user yet?  ", h("code", {}, "rialto user add ada --group operators"))));
  return { title: "Sign in", element };
}

function sentence(error) {
  if (!(error instanceof Refusal)) return String(error);
  if (error.status === 404) return "This broker has no sessions for the console.";
  return error.detail ? `${error.title}: ${error.detail}` : error.title;
}
