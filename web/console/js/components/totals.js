// The numbers at tabs: how many of each kind there are.

import { h, setContent } from "../lib/dom.js";
import { count } from "../lib/format.js";
import { every } from "../lib/poll.js";
import * as api from "../api.js";

export function totals() {
  /** @type {Map<string, HTMLElement>} */
  const places = new Map();
  /** @type {any} */
  let known = {};
  const show = () => {
    for (const [key, place] of places) {
      const [group = "", name = ""] = key.split(" ");
      const number = known[group]?.[name];
      setContent(place, typeof number === "number" ? count(number) : "");
    }
  };
  const stop = every(5000, async (signal) => { known = await api.counts(signal); show(); });
  return {
    /** Where the number of a kind stands. */
    place(group, name) {
      const place = h("span");
      places.set(`${group} ${name}`, place);
      queueMicrotask(show);
      return place;
    },
    stop,
  };
}
