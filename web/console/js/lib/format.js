// Numbers, sizes and times, one way everywhere. A number never stands without its unit.

import { h } from "./dom.js";

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export const count = (n) => whole.format(Math.round(n));

export const compact = (n) => short.format(n);

/** 1024-based, as the settings are written. */
export function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (n >= 1000 && unit < 4) { n /= 1024; unit += 1; }
  return `${unit === 0 || n >= 100 ? Math.round(n) : +n.toPrecision(3)} ${units[unit]}`;
}

/** A rate a second: exact when small, so that 0.2 a second is not shown as 0. */
export function rate(n) {
  if (n === 0) return "0";
  if (n < 0.05) return "<0.1";
  return n < 10 ? n.toFixed(1) : whole.format(Math.round(n));
}

/** @type {[string, number][]} */
const SIZES = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** A span of time in its two largest units. */
export function span(seconds) {
  const at = SIZES.findIndex(([, size]) => seconds >= size);
  if (at < 0) return seconds > 0 ? `${Math.round(seconds * 1000)} ms` : "0 s";
  const [unit, size] = SIZES[at] ?? ["s", 1];
  const rest = SIZES[at + 1];
  const more = rest ? Math.floor((seconds % size) / rest[1]) : 0;
  return `${Math.floor(seconds / size)} ${unit}${rest && more > 0 ? ` ${more} ${rest[0]}` : ""}`;
}

export const millis = (ms) => ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;

export const time = (ms) => clock.format(ms);

export const timeExact = (ms) => `${clock.format(ms)}.${String(Math.floor(ms % 1000)).padStart(3, "0")}`;

export const dateTime = (ms) => day.format(ms);

/** A time, local, with UTC in its title; the day too if it is not today's. */
export function when(ms, isExact = false) {
  const isNear = Math.abs(Date.now() - ms) < 43_200_000;
  const iso = new Date(ms).toISOString();
  return h("time", { datetime: iso, title: `${iso.slice(0, 10)} ${iso.slice(11, 23)} UTC` }, isExact ? timeExact(ms) : isNear ? time(ms) : dateTime(ms));
}
