// Questions before what cannot be undone, and answers to what was done.

import { h } from "../lib/dom.js";
import { Refusal } from "../api.js";

/**
 * Asks first. The button says what it does; Escape and Cancel leave everything as it is. `act` runs while the dialog is
 * open, and what is refused is said in it. @param {Question} question
 */
export function confirm({ title, text, fields, action, act, typed, isHarmless }) {
  const trouble = h("p", { class: "notice error", role: "alert", hidden: true });
  const go = h("button", { class: `button ${isHarmless ? "primary" : "danger"}`, type: "submit", disabled: typed !== undefined }, action);
  const word = h("input", { class: "field mono", autocomplete: "off", spellcheck: "false", oninput: () => { go.disabled = word.value !== typed; } });
  const form = h("form", {},
    h("h2", { id: "dialog-title" }, title), h("div", { class: "soft" }, text), fields,
    typed !== undefined && h("label", { class: "label" }, "Its name, to be sure", word), trouble,
    h("div", { class: "actions" }, h("button", { class: "button", type: "button", onclick: () => dialog.close() }, "Cancel"), go));
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      const said = await act();
      dialog.close();
      if (said) tell(said);
    } catch (error) {
      trouble.textContent = error instanceof Refusal ? `${error.title}. ${error.detail}` : String(error);
      trouble.hidden = false;
      go.disabled = false;
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const toast = h("div", { class: "toast", role: "status" });
let timer = 0;

/** Says what an action did, for some seconds, and to screen readers. */
export function tell(text) {
  if (!toast.isConnected) document.body.append(toast);
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(timer);
  timer = window.setTimeout(() => toast.classList.remove("shown"), 6000);
}
