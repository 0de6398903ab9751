// Asks for /status.json every two seconds and shows what changed.

const PERIOD_MS = 2000;

const GAUGES = {
  connections: "connections",
  sessions: "sessions",
  channels: "channels",
  store_wait_ms: "ms the store has been waited for",
};

const COUNTERS = {
  published: "messages published",
  delivered: "messages delivered",
  stored: "messages stored",
  acknowledged: "pushes acknowledged",
  discarded: "messages nobody listened to",
  relayed: "messages from other servers",
  sessions_opened: "sessions opened",
  sessions_taken_over: "sessions taken over",
  retained: "channels with a retained message",
  retained_bytes: "memory of retained messages, in bytes",
  retained_refused: "retained messages refused",
  history_evicted: "histories dropped for want of memory",
};

// What should stay at zero on a server that is well.
const TROUBLES = {
  rejected: "requests refused",
  malformed: "frames that say nothing",
  dropped_slow: "messages dropped, receiver too slow",
  dropped_log: "stored messages dropped, log full",
  dropped_damaged: "stored messages dropped, damaged",
  damaged_records: "stored records set aside, damaged",
  store_failures: "commits the store refused",
  relay_missed: "messages of other servers missed",
  closed_limit: "connections closed at a limit",
  closed_silent: "connections closed for silence",
  refused_connections: "connections refused",
};

const element = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
let previous = null;

function cell(text) {
  const cell = document.createElement("td");
  cell.textContent = text;
  return cell;
}

function row(name, label, status, seconds, isTrouble) {
  const row = document.createElement("tr");
  const total = status[name];
  const rate = previous ? (total - previous.status[name]) / seconds : 0;
  row.append(cell(label), cell(number.format(total)), cell(number.format(Math.round(rate))));
  row.classList.toggle("trouble", isTrouble && total > 0);
  return row;
}

function gauge(label, value) {
  const box = document.createElement("div");
  const figure = document.createElement("b");
  figure.textContent = number.format(value);
  box.append(figure, label);
  return box;
}

function duration(seconds) {
  const [days, hours, minutes] = [86400, 3600, 60].map((unit) => Math.floor(seconds / unit));
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

function show(status, now) {
  const seconds = previous ? (now - previous.now) / 1000 : 1;
  element("about").className = "";
  element("about").textContent =
    `${status.server}, version ${status.version}, up ${duration(status.uptime_s)}`;
  const gauges = Object.entries(GAUGES).map(([name, label]) => gauge(label, status[name]));
  element("gauges").replaceChildren(...gauges);
  const rows = [
    ...Object.entries(COUNTERS).map(([name, label]) => row(name, label, status, seconds, false)),
    ...Object.entries(TROUBLES).map(([name, label]) => row(name, label, status, seconds, true)),
  ];
  element("counters").replaceChildren(...rows);
  const { links, replicants } = status;
  element("cluster").textContent = links.length + replicants.length === 0 ? "" :
    `Messages come from: ${links.join(", ") || "nobody"}. They go to: ${replicants.join(", ") || "nobody"}.`;
  previous = { status, now };
}

async function refresh() {
  try {
    const answer = await fetch("/status.json");
    if (!answer.ok) throw new Error(`HTTP status ${answer.status}`);
    show(await answer.json(), performance.now());
  } catch (error) {
    element("about").className = "lost";
    element("about").textContent = `The server does not answer: ${error.message}`;
    previous = null;
  }
  setTimeout(refresh, PERIOD_MS);
}

refresh();
