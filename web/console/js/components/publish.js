// A form that publishes. The payload is checked as JSON while it is written, and sent as it is written.

import { h, setContent } from "../lib/dom.js";
import { bytes, millis } from "../lib/format.js";
import { isJson, jsonBlock } from "../lib/json.js";
import * as api from "../api.js";
import { card, rightButton } from "./bits.js";
import { confirm } from "./dialog.js";

const encoder = new TextEncoder();

/** `first` is the payload to begin with. */
export function publishForm(channel, first = '{"celsius": 21.5}') {
  const payload = h("textarea", { class: "field", rows: 6, spellcheck: "false", "aria-label": "Payload", dir: "ltr" }, first);
  const verdict = h("span", { class: "quiet", role: "status" });
  const answer = h("span", { class: "answer", role: "status" });
  const isText = h("input", { type: "checkbox" }), isKept = h("input", { type: "checkbox", checked: true }), isRetained = h("input", { type: "checkbox" });
  const send = rightButton("publish", "Publish", { class: "primary", type: "submit" });
  const isRefused = send.disabled;
  const check = () => {
    const isFine = isText.checked || isJson(payload.value);
    setContent(verdict, isFine ? `${isText.checked ? "Text" : "JSON"}, ${bytes(encoder.encode(payload.value).length)}` : "Not JSON yet");
    payload.setAttribute("aria-invalid", String(!isFine));
    send.disabled = isRefused || !isFine;
  };
  payload.addEventListener("input", check);
  isText.addEventListener("change", check);
  check();

  async function publish() {
    const began = performance.now();
    const sent = isText.checked ? JSON.stringify(payload.value) : payload.value;
    await api.publish(channel, sent, { qos: isKept.checked ? 1 : 0, retain: isRetained.checked });
    const took = millis(performance.now() - began);
    setContent(answer, isKept.checked ? `Published: stored where somebody is to get it, and synced; answered after ${took}.` : `Published; answered after ${took}.`);
    answer.classList.remove("bad");
  }

  async function submit(event) {
    event.preventDefault();
    try {
      const old = isRetained.checked ? await api.retained(channel).catch(() => undefined) : undefined;
      if (!old) return await publish();
      confirm({ title: "Replace the retained message?", text: h("div", {}, h("p", {}, "New subscribers get this now:"), jsonBlock(old.payload)), action: "Replace it", act: publish });
    } catch (error) {
      setContent(answer, error instanceof api.Refusal ? `Refused: ${error.detail || error.title}` : String(error));
      answer.classList.add("bad");
    }
  }

  const box = (input, text) => h("label", { class: "check" }, input, text);
  const element = card("Publish", { hint: "to this channel" }, h("form", { class: "card-body publish", onsubmit: submit },
    payload,
    h("div", { class: "row" }, box(isKept, "QoS 1"), box(isRetained, "Retain"), box(isText, "As text"), verdict),
    h("div", { class: "row" }, send, answer)));
  return { element, write(text) { payload.value = text; check(); payload.focus(); } };
}
