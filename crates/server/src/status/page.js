// Asks for /status.json every two seconds, and shows it with what /counters.json says of each number.

const PERIOD_MS = 2000;
const STORE_STATES = { ok: "OK", slow: "slow", failing: "write errors" };

const element = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
let counters = null;
let previous = null;

function make(name, content, className) {
  const made = document.createElement(name);
  made.append(...[content].flat());
  if (className) made.className = className;
  return made;
}

function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 2 ** (10 * power);
  return `${power === 0 ? scaled : scaled.toFixed(1)} ${units[power]}`;
}

function duration(seconds) {
  const [days, hours, minutes] = [86400, 3600, 60].map((unit) => Math.floor(seconds / unit));
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** Returns by how much a counter grows in a second; 0 until it was read twice. */
function rate(name, status, seconds) {
  return previous ? Math.max(0, (status[name] - previous.status[name]) / seconds) : 0;
}

function card(label, value, mood) {
  return make("div", [make("b", value), label], mood);
}

function cards(status, perSecond) {
  const { kind, state } = status.store;
  return [
    card("messages received a second", short.format(Math.round(perSecond("received")))),
    card("deliveries a second", short.format(Math.round(perSecond("delivered")))),
    card("connections", whole.format(status.connections)),
    card("sessions", whole.format(status.sessions)),
    card("channels", whole.format(status.channels)),
    card("memory of waiting data", bytes(status.waiting_bytes)),
    card(`store (${kind})`, STORE_STATES[state] ?? state, state === "ok" ? "good" : "bad"),
    card("longest wait for the store", `${whole.format(status.store_wait_ms)} ms`),
  ];
}

/** Names what goes wrong at this moment: what should not happen and is happening. */
function showTroubles(status, perSecond) {
  const rising = counters.filter(({ name, is_trouble }) => is_trouble && perSecond(name) > 0);
  const line = ({ name, what, rise }) =>
    make("li", [make("b", name), ` rises by ${short.format(perSecond(name))} a second. ${plain(`${what} ${rise}`)}`]);
  element("troubles").hidden = rising.length === 0;
  element("troubles").replaceChildren(make("h2", "Happening now"), make("ul", rising.map(line)));
}

/** Returns a text of /counters.json without the marks around names. */
function plain(text) {
  return text.trim().replaceAll("`", "");
}

function counterRow({ name, kind, unit, what, rise, is_trouble }, status, perSecond) {
  const value = unit === "bytes" ? bytes(status[name]) : whole.format(status[name]);
  const speed = kind === "gauge" ? "" : whole.format(Math.round(perSecond(name)));
  const first = plain(what).split(/(?<=\.) /)[0];
  const row = make("tr", [
    make("td", [make("code", name), make("small", first)]),
    make("td", value, "number"),
    make("td", speed, "number rate"),
  ], is_trouble && status[name] > 0 ? "trouble" : "");
  row.title = plain(`${what} ${rise}`);
  return row;
}

function counterTable([group, members], status, perSecond) {
  const head = make("tr", [
    make("th", "name"), make("th", "value", "number"), make("th", "a second", "number rate"),
  ]);
  const rows = members.map((counter) => counterRow(counter, status, perSecond));
  return make("section", [make("h2", group), make("table", [make("thead", head), make("tbody", rows)])]);
}

function showListeners({ listeners, links, replicants }) {
  const row = (it) => make("tr", [it.name, it.dialect, it.address, it.tls].map((text) => make("td", text)));
  element("listeners").tBodies[0].replaceChildren(...listeners.map(row));
  element("cluster").textContent = links.length + replicants.length === 0 ? "" :
    `Cluster: messages are received from ${links.join(", ") || "no server"} and sent to ${replicants.join(", ") || "no server"}.`;
}

function show(status, now) {
  const seconds = previous ? (now - previous.now) / 1000 : 1;
  const perSecond = (name) => rate(name, status, seconds);
  element("about").className = "";
  element("about").textContent = `${status.server} · version ${status.version} · up ${duration(status.uptime_s)}`;
  element("gauges").replaceChildren(...cards(status, perSecond));
  showTroubles(status, perSecond);
  showListeners(status);
  const groups = grouped(counters);
  element("counters").replaceChildren(...[...groups].map((group) => counterTable(group, status, perSecond)));
  previous = { status, now };
}

/** Returns the counters by what they are about, in their order. */
function grouped(list) {
  const groups = new Map();
  for (const counter of list) groups.set(counter.group, [...(groups.get(counter.group) ?? []), counter]);
  return groups;
}

async function ask(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`HTTP status ${answer.status}`);
  return answer.json();
}

async function refresh() {
  try {
    counters ??= await ask("/counters.json");
    show(await ask("/status.json"), performance.now());
  } catch (error) {
    element("about").className = "lost";
    element("about").textContent = `The server does not answer: ${error.message}`;
    previous = null;
    counters = null;
  }
  setTimeout(refresh, PERIOD_MS);
}

refresh();
