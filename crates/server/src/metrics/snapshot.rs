//! What a scrape gathers, and under which names it is told.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet},
    metrics::MetricType,
    registry::Unit,
};
use rialto_broker::{COUNTERS, Counter, CounterKind};
use rialto_webhook::Counters as WebhookCounters;

use crate::{
    asked::Asked,
    audit::Event,
    durations::Durations,
    health::{self, Check},
    hub::LockTimes,
    store::CommitWatch,
};

/// Everything that a scrape tells.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// In the order of [`COUNTERS`].
    stats: Vec<(&'static Counter, u64)>,
    started_s: f64,
    checks: [Check; 3],
    commits: Arc<CommitWatch>,
    lock_times: Arc<LockTimes>,
    refusals: [(Event, u64); Event::ALL.len()],
    webhook: Option<WebhookCounters>,
    missed_session_ends: u64,
}

impl Snapshot {
    pub(super) fn take(asked: &Asked) -> Self {
        let hub = asked.handle.hub();
        let (stats, now) = hub.round(|broker| (broker.stats(), broker.now()));
        let stats = serde_json::to_value(stats).unwrap_or_default();
        let value = |counter: &Counter| stats[counter.name].as_u64().unwrap_or_default();
        Snapshot {
            stats: COUNTERS.iter().map(|counter| (counter, value(counter))).collect(),
            started_s: now.unix_ms as f64 / 1e3 - now.uptime.as_secs_f64(),
            checks: health::checks(asked),
            commits: asked.commit_watch.clone(),
            lock_times: hub.lock_times.clone(),
            refusals: hub.audit.counts(),
            webhook: asked.handle.webhook_counters(),
            missed_session_ends: asked.handle.missed_session_ends(),
        }
    }
}

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut page = Page(encoder);
        page.info("build", "The release that runs", ("version", env!("CARGO_PKG_VERSION")))?;
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
        self.encode_store(&mut page)?;
        self.encode_lock(&mut page)?;
        self.encode_application(&mut page)
    }
}

impl Snapshot {
    fn encode_store(&self, page: &mut Page<'_>) -> fmt::Result {
        let help = "How long commits to the store took";
        page.durations("store_commit", help, self.commits.durations())?;
        let help = "Changes in these commits";
        page.counter("store_committed_changes", help, self.commits.changes())
    }

    fn encode_lock(&self, page: &mut Page<'_>) -> fmt::Result {
        let help = "How long the broker's lock was held, measured at one of 64 rounds";
        page.durations("lock_held", help, &self.lock_times.held)?;
        let help = "How long the broker's lock was waited for, by rounds that had to wait";
        page.durations("lock_waited", help, &self.lock_times.waited)
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
        page.counters("webhook_notifications", help, "outcome", notifications)
    }
}

/// The page that is being written. Descriptions have no full stop, which is added to them.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    /// Writes a number of the broker's table under its own name; times are in seconds here.
    fn counter_of_table(&mut self, counter: &Counter, value: u64) -> fmt::Result {
        let help = counter.what.trim().trim_end_matches('.');
        match (counter.kind, counter.name.strip_suffix("_ms")) {
            (CounterKind::Counter, _) => self.counter(counter.name, help, value),
            (CounterKind::Gauge, None) => self.gauge((counter.name, help), None, value as f64),
            (CounterKind::Gauge, Some(name)) => {
                self.gauge((name, help), Some(&Unit::Seconds), value as f64 / 1e3)
            }
        }
    }

    fn info(&mut self, name: &str, help: &str, label: (&str, &str)) -> fmt::Result {
        self.0.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(&[label])
    }

    fn gauge(
        &mut self,
        (name, help): (&str, &str),
        unit: Option<&Unit>,
        value: f64,
    ) -> fmt::Result {
        self.0.encode_descriptor(name, help, unit, MetricType::Gauge)?.encode_gauge(&value)
    }

    /// Writes a gauge for each value of a label.
    fn gauges(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'static str, u64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (word, value) in values {
            family.encode_family(&[(label, word)])?.encode_gauge(&value)?;
        }
        Ok(())
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        encoder.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    /// Writes a counter for each value of a label.
    fn counters(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'static str, u64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (word, value) in values {
            let labels = [(label, word)];
            let mut encoder = family.encode_family(&labels)?;
            encoder.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
        Ok(())
    }

    fn durations(&mut self, name: &str, help: &str, durations: &Durations) -> fmt::Result {
        let unit = Some(&Unit::Seconds);
        let mut encoder = self.0.encode_descriptor(name, help, unit, MetricType::Histogram)?;
        let ranges = durations.ranges();
        let count = ranges.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(durations.sum_s(), count, &ranges, None)
    }
}
