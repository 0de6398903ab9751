//! What a scrape gathers, and under which names it is told.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector, encoding::DescriptorEncoder, metrics::MetricType, registry::Unit,
};
use rialto_broker::{COUNTERS, Counter};
use rialto_webhook::{Counters as WebhookCounters, RequestTimes};

use crate::{
    asked::Asked,
    audit::{Event, Reason},
    bus::{BusState, BusTimes},
    cluster::standing::{LinkCounts, LinkState},
    entrance::Entrance,
    http_times::HttpTimes,
    hub::{Latencies, LockTimes},
    readiness::{self, Check},
    store::CommitWatch,
    traffic::Counted,
};

use super::page::Page;

/// Everything that a scrape tells.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// In the order of [`COUNTERS`].
    stats: Vec<(&'static Counter, u64)>,
    started_s: f64,
    checks: Vec<Check>,
    /// What the settings in force are, in a few digits.
    settings_digest: String,
    traffic: Vec<(Arc<Entrance>, Counted)>,
    latencies: Arc<Latencies>,
    links: Arc<LinkCounts>,
    observer_count: u64,
    commits: Arc<CommitWatch>,
    bus: Option<(BusState, Arc<BusTimes>)>,
    lock_times: Arc<LockTimes>,
    refusals: [(Event, u64); Event::ALL.len()],
    causes: [(Reason, u64); Reason::ALL.len()],
    webhook: Option<WebhookCounters>,
    webhook_times: Option<Arc<RequestTimes>>,
    missed_session_ends: u64,
    http: Arc<HttpTimes>,
}

impl Snapshot {
    pub(super) fn take(asked: &Asked, http: Arc<HttpTimes>) -> Self {
        let hub = asked.handle.hub();
        let (stats, now, observer_count) =
            hub.round(|broker| (broker.stats(), broker.now(), broker.observers().count() as u64));
        let entrances = asked.entrances.iter();
        let stats = serde_json::to_value(stats).unwrap_or_default();
        let value = |counter: &Counter| stats[counter.name].as_u64().unwrap_or_default();
        Snapshot {
            stats: COUNTERS.iter().map(|counter| (counter, value(counter))).collect(),
            started_s: now.unix_ms as f64 / 1e3 - now.uptime.as_secs_f64(),
            checks: readiness::checks(asked),
            settings_digest: rialto_config::digest(&asked.handle.settings()),
            traffic: entrances.map(|it| (it.clone(), it.traffic.counted())).collect(),
            latencies: hub.latencies.clone(),
            links: hub.links.clone(),
            observer_count,
            commits: asked.commit_watch.clone(),
            bus: hub.bus.as_ref().map(|bus| (bus.state(), bus.times().clone())),
            lock_times: hub.lock_times.clone(),
            refusals: hub.audit.counts(),
            causes: hub.audit.causes(),
            webhook: asked.handle.webhook_counters(),
            webhook_times: asked.handle.webhook_times(),
            missed_session_ends: asked.handle.missed_session_ends(),
            http,
        }
    }
}

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut page = Page(encoder);
        page.info("build", "The release that runs", ("version", env!("CARGO_PKG_VERSION")))?;
        let help =
            "The settings in force: the same digits wherever they are the same, secrets left out";
        page.info("settings", help, ("digest", &self.settings_digest))?;
        let help = "When the server started, in seconds since 1970";
        page.gauge(("start_time", help), Some(&Unit::Seconds), self.started_s)?;
        for (counter, value) in &self.stats {
            page.counter_of_table(counter, *value)?;
        }
        let checks = self.checks.iter().map(|check| (check.name, u64::from(check.passes)));
        let help = "Whether a check of /readyz passes: 1, or 0";
        page.gauges("check_passes", help, "check", checks)?;
        let refusals = self.refusals.iter().map(|(event, count)| (event.as_str(), *count));
        let help = "What was refused, by the event of the audit trail";
        page.counters("refusals", help, "event", refusals)?;
        let causes = self.causes.iter().map(|(reason, count)| (reason.as_str(), *count));
        let help = "What was refused, by the reason in the audit trail";
        page.counters("refusals_by_cause", help, "cause", causes)?;
        self.encode_traffic(&mut page)?;
        self.encode_latencies(&mut page)?;
        self.encode_links(&mut page)?;
        self.encode_store(&mut page)?;
        self.encode_bus(&mut page)?;
        self.encode_lock(&mut page)?;
        self.encode_application(&mut page)
    }
}

impl Snapshot {
    fn encode_store(&self, page: &mut Page<'_>) -> fmt::Result {
        let help = "How long commits to the store took";
        page.durations("store_commit", help, self.commits.durations())?;
        let help = "Changes in these commits";
        let changes = self.commits.changes();
        page.counter("store_committed_changes", help, changes.sum())?;
        let help = "How many changes commits to the store had";
        page.sizes("store_commit_changes", help, changes)
    }

    fn encode_bus(&self, page: &mut Page<'_>) -> fmt::Result {
        let Some((state, times)) = &self.bus else { return Ok(()) };
        let help = "Whether the bus between nodes is there: 1, or 0";
        page.gauge(("bus_up", help), None, f64::from(u8::from(state.is_up)))?;
        let help = "Memory of what waits to be sent over the bus";
        page.gauge(("bus_queue", help), Some(&Unit::Bytes), state.queue_bytes as f64)?;
        let help = "What was left out of the bus because too much waited: pages that a doorbell would have had, \
                    runs of messages, and doorbells";
        page.counters("bus_dropped", help, "kind", state.dropped)?;
        let help = "How long what goes over the bus took until the bus had it";
        page.durations("bus_publish", help, &times.published)?;
        let help =
            "How long after a commit on another node this one heard of it, by the clocks of both";
        page.durations("bus_late", help, &times.late)
    }

    fn encode_lock(&self, page: &mut Page<'_>) -> fmt::Result {
        let help = "How long the broker's lock was held: by one of 64 rounds, and by each step of what the HTTP API counts";
        let holders = [("round", &self.lock_times.held), ("api", &self.lock_times.counted)];
        page.durations_by(("lock_held", help), "by", holders)?;
        let help = "How long the broker's lock was waited for, by rounds that had to wait";
        page.durations("lock_waited", help, &self.lock_times.waited)
    }

    /// What came in and went out, by listener.
    fn encode_traffic(&self, page: &mut Page<'_>) -> fmt::Result {
        use MetricType::{Counter, Gauge};
        type Column = fn(&Counted) -> u64;
        let bytes = Some(&Unit::Bytes);
        let columns: [(&str, &str, _, _, Column); 8] = [
            ("received_packets", "Packets that were taken in", Counter, None, |it| it.packets_in),
            ("received", "Bytes that were read, TLS left out", Counter, bytes, |it| it.bytes_in),
            ("sent_packets", "Packets that were written", Counter, None, |it| it.packets_out),
            ("sent", "Bytes that were written, TLS left out", Counter, bytes, |it| it.bytes_out),
            ("connections_opened", "Connections that were opened", Counter, None, |it| it.opened),
            ("connections_open", "Connections that are open", Gauge, None, |it| it.open),
            ("slow_consumers_begun", "How often a connection became slow", Counter, None, |it| {
                it.slow_begun
            }),
            ("slow_consumers", "Connections that are slow", Gauge, None, |it| it.slow),
        ];
        for (name, help, kind, unit, column) in columns {
            let rows = self.traffic.iter().map(|(entrance, counted)| {
                let Entrance { dialect, listener, .. } = &**entrance;
                let labels = [("dialect", (*dialect).to_owned()), ("listener", listener.clone())];
                (labels, column(counted))
            });
            page.numbers((name, help), (kind, unit), rows)?;
        }
        Ok(())
    }

    fn encode_latencies(&self, page: &mut Page<'_>) -> fmt::Result {
        let Latencies { acknowledged, delivered, delivered_stored } = &*self.latencies;
        let help = "How long messages that are stored took until they were acknowledged";
        page.durations("publish_acknowledgement", help, acknowledged)?;
        let help = "How long messages took until they were written to those that read, with QoS 0 measured at one of 64 rounds";
        let by_qos = [("0", delivered), ("1", delivered_stored)];
        page.durations_by(("publish_delivery", help), "qos", by_qos)?;
        let help = "How long HTTP requests took until their answer began";
        page.requests("http_request", help, &self.http)
    }

    fn encode_links(&self, page: &mut Page<'_>) -> fmt::Result {
        let states = LinkState::ALL.map(|it| (it.as_str(), self.links.get(it) as u64));
        page.gauges("links", "Links to other servers", "state", states)?;
        let help = "Other servers that get all messages of this one";
        page.gauge(("replicants", help), None, self.observer_count as f64)
    }

    fn encode_application(&self, page: &mut Page<'_>) -> fmt::Result {
        let help = "Ended sessions of which the application was not told";
        page.counter("session_ends_missed", help, self.missed_session_ends)?;
        let Some(webhook) = self.webhook else { return Ok(()) };
        let WebhookCounters { asked, cached, denied, failed, delivered, retried, dropped } =
            webhook;
        let help =
            "Decisions that were asked for, found among those kept, refused something, and failed";
        let decisions =
            [("asked", asked), ("cached", cached), ("denied", denied), ("failed", failed)];
        page.counters("webhook_decisions", help, "outcome", decisions)?;
        let help = "Notifications that were taken, sent again, and dropped";
        let notifications = [("delivered", delivered), ("retried", retried), ("dropped", dropped)];
        page.counters("webhook_notifications", help, "outcome", notifications)?;
        let Some(times) = &self.webhook_times else { return Ok(()) };
        let RequestTimes { answered, refused, failed } = &**times;
        let outcomes = [("answered", answered), ("refused", refused), ("failed", failed)];
        let help =
            "How long requests to the webhook took until their answer began, each try by itself";
        page.durations_by(("webhook_request", help), "outcome", outcomes)
    }
}
