// One client: who it is, what it is subscribed to and how far behind, what happened to it, what it may do.

import { h, setContent } from "../lib/dom.js";
import { bytes, count, dateTime, rate, span, when } from "../lib/format.js";
import { here, link } from "../lib/router.js";
import { named, visible } from "../lib/text.js";
import * as api from "../api.js";
import { asked, trouble } from "../components/asked.js";
import { accessForm } from "../components/access-form.js";
import { banForm, disconnectForm, revokeForm, subscribeForm, tokenForm, unsubscribeForm } from "../components/client-actions.js";
import { lift } from "../components/banned.js";
import { amount, card, channelLink, dash, empty, facts, messages, pageHead, rightButton, state, tabs, tag } from "../components/bits.js";
import { Recorder, chart } from "../components/chart.js";
import { timeline } from "../components/happened.js";
import { every } from "../lib/poll.js";
import { table } from "../components/table.js";
import { liveTail } from "../components/tail.js";
import { howLong, speaks, stateOf } from "./clients.js";

/** @type {Maker} */
export function page(_query, id) {
  const lead = h("span", {}, "\u00a0");
  const about = h("div", {});
  const diagnosis = h("div", {});
  const actions = { disconnect: rightButton("manage", "Disconnect …", { onclick: () => disconnectForm(id) }), ban: rightButton("manage", "Ban …", { class: "danger", onclick: () => banForm(id) }) };
  const isAllowed = !actions.disconnect.disabled;
  const drawn = charts();
  const nav = h("div", {});
  const panel = h("div", { class: "stack" });
  /** @type {Part | undefined} */
  let part;
  let isKnown = false;

  const stop = every(2000, async (signal) => {
    try {
      const one = await api.client(id, signal);
      isKnown = true;
      actions.disconnect.disabled = !isAllowed || !one.online;
      setContent(lead, [state(stateOf(one)), ", ", h("span", { class: "soft" }, one.online ? ["connected for ", howLong(one)] : howLong(one), one.node && [", on ", named(one.node)])]);
      setContent(about, factsOf(one));
      setContent(diagnosis, diagnose(one));
      drawn.add(one);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof api.Refusal && error.status === 404) {
        actions.disconnect.disabled = true;
        setContent(lead, state("offline", "Not known"));
        setContent(about, empty("This client is not known", "It never had a session here, or it had no persistent subscription and is gone. Ids are compared exactly, capitals included."));
      } else if (!isKnown) setContent(about, trouble(error, () => stop.now()));
      throw error;
    }
  });

  function show() {
    const tab = here().query.get("tab") ?? "";
    setContent(nav, tabs([["", "Subscriptions"], ["live", "Live"], ["happened", "What happened"], ["access", "Access"], ["tokens", "Tokens and ban"]]
      .map(([key = "", text = ""]) => ({ key, text, query: { tab: key || undefined, filter: undefined, offset: undefined, paused: undefined, action: undefined, channel: undefined } })), tab, "About this client"));
    part?.stop?.();
    /** @type {Record<string, () => Part>} */
    const parts = { live: () => liveTail({ client: id }), happened: () => happened(id, 200), access: () => access(id), tokens: () => tokens(id) };
    part = (parts[tab] ?? (() => overview(id, drawn.element)))();
    panel.replaceChildren(part.element);
  }
  show();

  const element = h("div", {},
    pageHead({ crumbs: h("a", { href: "/clients" }, "Clients"), title: named(id), lead,
      actions: [h("a", { class: "button", href: link(["clients", id], { tab: "live" }) }, "Follow live"), actions.disconnect, actions.ban] }),
    nav, h("div", { class: "cols wide-right" }, card("Client", {}, h("div", { class: "card-body" }, about)), h("div", { class: "stack" }, diagnosis, panel)));
  return { title: id, element, update: show, stop: () => { stop(); part?.stop?.(); } };
}

function factsOf(one) {
  /** @type {([string, Child | undefined] | null)[]} */
  const pairs = [
    ["Account", one.account ? named(one.account) : dash()], ["Groups", one.groups && (one.groups.length ? one.groups.map((group) => [tag(named(group)), " "]) : "none")],
    ["Signed in by", one.signed_in_by], ["Until", one.expires_ms ? dateTime(one.expires_ms) : undefined], null,
    ["Speaks", speaks(one)], ["Address", one.address ?? dash()], ["Node", one.node && named(one.node)], ["Connected", one.connected_s !== null && one.connected_s !== undefined ? `for ${span(one.connected_s)}` : undefined],
    ["Last heard", one.heard_s !== null && one.heard_s !== undefined ? `${span(one.heard_s)} ago` : when(one.last_seen_ms)], ["Heartbeat", one.heartbeat_s ? `every ${span(one.heartbeat_s)}` : undefined], null,
    ["In", amount(one.in_rate, (n) => `${rate(n)} msg/s`)], ["Out", amount(one.out_rate, (n) => `${rate(n)} msg/s`)], ["Pending", amount(one.pending_bytes, bytes)],
    ["Dropped", amount(one.dropped, (n) => `${count(n)} msg`)], ["Lag", amount(one.lag, (n) => `${count(n)} msg`)],
  ];
  return facts(pairs.filter((pair) => pair === null || pair[1] !== undefined && pair[1] !== null).map((pair) => pair && [pair[0], pair[1]]));
}

/** What is wrong with a client, in a sentence. */
function diagnose(one) {
  if (!one.online && !one.lag) return null;
  if (one.slow) {
    return h("p", { class: "notice warning" }, h("b", { class: "warn" }, "This client does not keep up. "),
      `It is sent ${rate(one.out_rate ?? 0)} messages a second and reads fewer: ${bytes(one.pending_bytes ?? 0)} are pending. What is published at QoS 0 and does not fit is dropped for it alone${one.dropped ? `, ${count(one.dropped)} messages so far` : ""}; QoS 1 messages wait in the log of their channel. Nobody else is slowed down.`);
  }
  if (!one.lag) return null;
  return h("p", { class: "notice warning" }, h("b", { class: "warn" }, one.online ? "This client is behind. " : "Messages wait for this client. "), `${count(one.lag)} stored messages are not acknowledged${one.online ? "" : " and are kept until it comes back"}. A channel keeps them up to its log's limit.`);
}

function charts() {
  const recorder = new Recorder();
  const out = chart({ name: "Deliveries a second", format: (value, isAxis) => isAxis ? rate(value) : `${rate(value)} /s` });
  const pending = chart({ name: "Pending bytes", format: bytes, isBinary: true });
  const element = h("div", { class: "cols two" }, card("Deliveries a second", { hint: "since this page was opened" }, h("div", { class: "card-body" }, out)),
    card("Pending bytes", { hint: "since this page was opened" }, h("div", { class: "card-body" }, pending)));
  return { element, add(one) {
    recorder.add(one.out_rate, one.pending_bytes);
    out.show(recorder.times, [{ label: "Out", values: recorder.lines[0] ?? [] }]);
    pending.show(recorder.times, [{ label: "Pending", values: recorder.lines[1] ?? [] }]);
  } };
}

function overview(id, drawn) {
  /** @type {Column<Api.ListedSubscription & { by?: string, oldest_ms?: number | null, window?: number }>[]} */
  const columns = [
    { name: "Channel", class: "name", phone: 1, cell: (it) => channelLink(it.channel) },
    { name: "Kind", phone: 3, cell: (it) => it.persistent ? "persistent" : "temporary" },
    { name: "Lag", right: true, phone: 2, cell: (it) => amount(it.lag, messages) },
    { name: "Unacknowledged", right: true, phone: 4, cell: (it) => amount(it.unacknowledged, (n) => it.window ? `${count(n)} of ${count(it.window)}` : count(n)) },
    { name: "", right: true, cell: (it) => [h("a", { href: link(["clients", id], { tab: "access", channel: it.channel }) }, "Why may it?"), " ", rightButton("manage", "Unsubscribe …", { class: "small", onclick: () => unsubscribeForm(id, it) })] },
  ];
  const rows = table(columns, (it) => it.channel, { caption: "Subscriptions" });
  const subscriptions = asked({ ms: 3000, ask: (signal) => api.subscriptions(id, signal), show: ({ subscriptions: all }) => {
    rows.fill([...all].sort((one, other) => (other.lag ?? -1) - (one.lag ?? -1)));
    return all.length ? rows.element : empty("No subscription", "It gets what is sent to it alone.");
  } });
  const events = happened(id, 5);
  const element = h("div", { class: "stack" }, drawn, card("Subscriptions", { hint: "furthest behind first", end: rightButton("manage", "Subscribe …", { class: "small", onclick: () => subscribeForm(id) }) }, subscriptions.element), events.element);
  return { element, stop: () => { subscriptions.stop(); events.stop?.(); } };
}

function happened(id, limit) {
  const part = asked({ ms: 3000, ask: (signal) => api.events({ client: id, limit }, signal), show: ({ events }) =>
    events.length ? timeline(events, { isAboutOne: true }) : empty("Nothing is noted of it", "Refusals and slow reading are kept by themselves, connections where “events.publish” names them.") });
  return { element: card("What happened", { hint: "of the last 10,000 events", end: h("a", { href: link(["problems"], { client: id }) }, "In the list of problems") }, part.element), stop: part.stop };
}

function access(id) {
  const { query } = here();
  return { element: card("What may it do?", { hint: "by its real groups and claims while it is connected" }, accessForm({ client: id, action: query.get("action") ?? undefined, channel: query.get("channel") ?? undefined }, true)) };
}

function tokens(id) {
  const part = asked({ ms: 5000, ask: (signal) => api.ban(id, signal).catch((error) => { if (error.status === 404) return undefined; throw error; }), show: (ban) => h("div", { class: "card-body stack" }, ban
    ? [h("p", {}, state("banned"), " ", ban.reason ? ["since: ", h("bdi", {}, visible(ban.reason))] : "without a reason given", ban.until_ms ? [", until ", when(ban.until_ms)] : ", until it is lifted"), h("p", {}, rightButton("manage", "Lift the ban …", { onclick: () => lift(id, part.now) }))]
    : [h("p", { class: "soft" }, "It is not banned. A ban ends its session and keeps it out, whatever it shows, also over a restart."), h("p", {}, rightButton("manage", "Ban …", { class: "danger", onclick: () => banForm(id, part.now) }))]) });
  const element = h("div", { class: "stack" },
    card("Tokens", {}, h("div", { class: "card-body stack" }, h("p", { class: "soft" }, "A token opens its sessions. Revoking ends all that it was given until now, and its session."),
      h("p", { class: "row" }, rightButton("manage", "Sign a token …", { onclick: () => tokenForm(id) }), " ", rightButton("manage", "Revoke tokens …", { class: "danger", onclick: () => revokeForm(id) })))),
    card("Ban", {}, part.element));
  return { element, stop: part.stop };
}
