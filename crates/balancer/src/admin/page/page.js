// Asks for /status.json every two seconds, and shows it.

const PERIOD_MS = 2000;
const MOODS = { up: "good", ejected: "bad" };

const element = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en");
let shownAt = null;

function make(name, content, className) {
  const made = document.createElement(name);
  made.append(...[content].flat());
  if (className) made.className = className;
  return made;
}

function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  return `${power === 0 ? value : (value / 2 ** (10 * power)).toFixed(1)} ${units[power]}`;
}

function serverRow({ route, server, host, state, weight, backup, connections }) {
  const named = server.startsWith(host) ? server : [server, make("small", host)];
  return make("tr", [
    make("td", route),
    make("td", named),
    make("td", backup ? `${state}, backup` : state, MOODS[state]),
    make("td", whole.format(weight), "number"),
    make("td", whole.format(connections), "number"),
  ]);
}

function routeRow(route) {
  const refused = Object.entries(route.refused).filter(([, count]) => count > 0);
  const causes = refused.map(([cause, count]) => make("small", `${cause} ${whole.format(count)}`));
  const sum = refused.reduce((sum, [, count]) => sum + count, 0);
  return make("tr", [
    make("td", route.route === route.listen ? route.route : [route.route, make("small", route.listen)]),
    make("td", route.policy),
    make("td", whole.format(route.accepted), "number"),
    make("td", [whole.format(sum), ...causes], "number"),
    make("td", bytes(route.to_servers_bytes), "number"),
    make("td", bytes(route.to_clients_bytes), "number"),
    make("td", whole.format(route.server_failures), "number"),
  ]);
}

function show(status) {
  element("about").textContent = `${status.version}, ${whole.format(status.connections)} connections`;
  element("state").textContent = status.trouble ? `not ready: ${status.trouble}` : "ready";
  element("state").className = status.trouble ? "bad" : "good";
  element("servers").replaceChildren(...status.servers.map(serverRow));
  element("routes").replaceChildren(...status.routes.map(routeRow));
}

async function refresh() {
  try {
    const response = await fetch("/status.json");
    if (!response.ok) throw new Error(`status ${response.status}`);
    show(await response.json());
    shownAt = Date.now();
  } catch (error) {
    const age = shownAt ? `; what is shown is ${Math.round((Date.now() - shownAt) / 1000)} s old` : "";
    element("state").textContent = `no answer from the balancer (${error.message})${age}`;
    element("state").className = "bad";
  }
  setTimeout(refresh, PERIOD_MS);
}

refresh();
