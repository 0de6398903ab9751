//! What is said of a broker, from its metrics.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::amount::{bytes, grouped, seconds};
use crate::scrape::Scrape;
use crate::table::{Table, span, word};

/// How much a broker needs a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Ok,
    Warning,
    Critical,
    Unknown,
}

/// How a broker is.
#[derive(Debug)]
pub(super) struct Report {
    scrape: Scrape,
    /// Slow consumers, those first for which most waits; none where that is not known.
    slow: Vec<Value>,
}

/// Histograms that are told, each with what it is of and what it is called in JSON.
const LATENCIES: [(&str, &str, &str); 3] = [
    ("acknowledged", "publish_acknowledgement", "rialto_publish_acknowledgement_seconds"),
    ("delivered", "publish_delivery", "rialto_publish_delivery_seconds"),
    ("commits", "store_commit", "rialto_store_commit_seconds"),
];

impl Level {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Level::Ok => "OK",
            Level::Warning => "WARNING",
            Level::Critical => "CRITICAL",
            Level::Unknown => "UNKNOWN",
        }
    }
}

impl Report {
    pub(super) fn new(scrape: Scrape, slow: Vec<Value>) -> Self {
        Report { scrape, slow }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.scrape.by_label("rialto_check_passes", "check").all(|(_, passes)| passes == 1.0)
    }

    pub(super) fn level(&self) -> Level {
        if !self.is_ready() {
            Level::Critical
        } else if self.warnings().is_empty() {
            Level::Ok
        } else {
            Level::Warning
        }
    }

    /// Returns what needs a look, worst first, a sentence each.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let checks = self.scrape.by_label("rialto_check_passes", "check");
        for (check, _) in checks.filter(|(_, passes)| *passes != 1.0) {
            warnings.push(format!("the check {check} of /readyz fails"));
        }
        let waits = self.scrape.sum("rialto_store_wait_seconds");
        if 1.0 <= waits {
            warnings.push(format!("the store has not answered for {}", seconds(waits)));
        }
        let trying = self.scrape.labelled("rialto_links", "state", "trying") as u64;
        if 0 < trying {
            warnings.push(format!(
                "{} not connected",
                counted(trying, "cluster node is", "cluster nodes are")
            ));
        }
        let slow = self.scrape.count("rialto_slow_consumers");
        if 0 < slow {
            let who = counted(slow, "connection is", "connections are");
            let names = self.slow.iter().filter_map(|client| {
                let pending = bytes(client["pending_bytes"].as_f64()?);
                Some(format!("{}, {pending} pending", word(client["id"].as_str()?)))
            });
            let names = names.collect::<Vec<_>>().join("; ");
            let names = if names.is_empty() { names } else { format!(" ({names})") };
            warnings.push(format!("{who} slow: not read as fast as written to{names}"));
        }
        warnings
    }

    /// Returns the screen for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let number = |name: &str| grouped(self.scrape.count(&format!("rialto_{name}")));
        let size = |name: &str| bytes(self.scrape.sum(&format!("rialto_{name}")));
        let mut table = Table::plain();
        let mut row = |name: &str, text: String| table.push([name.to_owned(), text]);
        let checks = self.scrape.by_label("rialto_check_passes", "check");
        let checks = checks.map(|(check, passes)| {
            format!("{check} {}", if passes == 1.0 { "ok" } else { "fails" })
        });
        row("checks", checks.collect::<Vec<_>>().join(", "));
        row(
            "clients",
            format!(
                "{} connections, {} sessions, {} slow",
                number("connections"),
                number("sessions"),
                number("slow_consumers")
            ),
        );
        row(
            "published",
            format!("{}, {} refused", number("published_total"), number("publish_refused_total")),
        );
        row(
            "delivered",
            format!(
                "{}, {} waiting, {} dropped",
                number("delivered_total"),
                number("deliveries_waiting"),
                grouped(self.dropped())
            ),
        );
        row("stored", format!("{} messages, {}", number("log_held"), size("log_bytes")));
        row(
            "store",
            format!(
                "{} batches waiting, {} failed",
                number("store_queue"),
                number("store_failures_total")
            ),
        );
        for (name, _, metric) in LATENCIES {
            row(name, self.latency(metric));
        }
        row("waiting", size("waiting_bytes"));
        let mut lines = vec![self.head()];
        lines.extend(table.into_lines());
        lines.extend(self.warnings().into_iter().map(|warning| format!("! {warning}")));
        lines
    }

    /// Returns the numbers for programs.
    pub(super) fn json(&self) -> Value {
        let checks = self.scrape.by_label("rialto_check_passes", "check");
        let checks: Map<_, _> =
            checks.map(|(check, passes)| (check.to_owned(), json!(passes == 1.0))).collect();
        let latencies: Map<_, _> = LATENCIES
            .iter()
            .map(|(_, name, metric)| {
                let histogram = self.scrape.histogram(metric);
                let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|part| histogram.quantile(part));
                ((*name).to_owned(), json!({"p50_s": p50, "p99_s": p99, "p999_s": p999}))
            })
            .collect();
        json!({
            "version": self.scrape.label("rialto_build_info", "version"),
            "settings_digest": self.scrape.label("rialto_settings_info", "digest"),
            "uptime_s": self.uptime().as_secs(),
            "ready": self.is_ready(),
            "checks": checks,
            "warnings": self.warnings(),
            "slow_consumers": self.scrape.count("rialto_slow_consumers"),
            "dropped": self.dropped(),
            "latencies": latencies,
            "counters": self.counters(),
        })
    }

    /// Returns one line with performance data.
    pub(super) fn nagios(&self) -> String {
        let level = self.level();
        let warnings = self.warnings();
        let words = if warnings.is_empty() { self.head() } else { warnings.join("; ") };
        let number = |name: &str| self.scrape.count(&format!("rialto_{name}"));
        let data = [
            format!("connections={}", number("connections")),
            format!("sessions={}", number("sessions")),
            format!("published={}c", number("published_total")),
            format!("delivered={}c", number("delivered_total")),
            format!("dropped={}c", self.dropped()),
            format!("slow_consumers={};0", number("slow_consumers")),
            format!("waiting={}B", number("waiting_bytes")),
            format!("stored={}B", number("log_bytes")),
            format!("store_wait={}s;1", self.scrape.sum("rialto_store_wait_seconds")),
        ];
        format!("RIALTO {}: {words} | {}", level.as_str(), data.join(" "))
    }

    fn head(&self) -> String {
        let version = self.scrape.label("rialto_build_info", "version").unwrap_or_default();
        let state = if self.is_ready() { "ready" } else { "not ready" };
        format!("Rialto {version}, {state}, up {}", span(self.uptime()))
    }

    fn latency(&self, metric: &str) -> String {
        let histogram = self.scrape.histogram(metric);
        let quantile = |part| histogram.quantile(part).map(seconds);
        match (quantile(0.5), quantile(0.99), quantile(0.999)) {
            (Some(p50), Some(p99), Some(p999)) => {
                format!("p50 below {p50}, p99 below {p99}, p99.9 below {p999}")
            }
            _ => "-".to_owned(),
        }
    }

    fn dropped(&self) -> u64 {
        let causes = ["slow", "closed", "absent", "expired", "dialect", "log"];
        causes.iter().map(|it| self.scrape.count(&format!("rialto_dropped_{it}_total"))).sum()
    }

    /// Returns the broker's counters under their own names.
    fn counters(&self) -> Map<String, Value> {
        let names = [
            "connections",
            "sessions",
            "channels",
            "received",
            "published",
            "publish_refused",
            "relayed",
            "routed",
            "deliveries",
            "delivered",
            "deliveries_waiting",
            "acknowledged",
            "stored",
            "log_held",
            "log_bytes",
            "retained",
            "rejected",
            "malformed",
            "sessions_opened",
            "sessions_lost",
            "refused_connections",
            "waiting_bytes",
            "store_queue",
            "store_failures",
            "damaged_records",
        ];
        let value = |name: &str| {
            let [gauge, counter] = [format!("rialto_{name}"), format!("rialto_{name}_total")];
            self.scrape.count(&gauge) + self.scrape.count(&counter)
        };
        names.iter().map(|name| ((*name).to_owned(), json!(value(name)))).collect()
    }

    fn uptime(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let started = self.scrape.sum("rialto_start_time_seconds");
        Duration::try_from_secs_f64((now - started).max(0.0)).unwrap_or_default()
    }
}

/// Returns a count with the words for one or for several.
fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(more: &str) -> Report {
        let page = format!(
            "rialto_build_info{{version=\"0.1.0\"}} 1\nrialto_published_total 7\n\
             rialto_check_passes{{check=\"broker\"}} 1\n{more}"
        );
        Report::new(Scrape::parse(&page).unwrap(), Vec::new())
    }

    #[test]
    fn what_needs_a_look_makes_the_level() {
        assert_eq!(report("").level(), Level::Ok);
        let slow = report("rialto_slow_consumers{listener=\"a\"} 2\n");
        assert_eq!(slow.level(), Level::Warning);
        assert_eq!(slow.warnings(), ["2 connections are slow: not read as fast as written to"]);
        let client = json!({"id": "ada", "pending_bytes": 2048});
        let named = Report { slow: vec![client], ..slow };
        let expected =
            "2 connections are slow: not read as fast as written to (ada, 2.0 KiB pending)";
        assert_eq!(named.warnings(), [expected]);
        let unready = report("rialto_check_passes{check=\"store\"} 0\nrialto_slow_consumers 1\n");
        assert_eq!((unready.level(), unready.is_ready()), (Level::Critical, false));
        assert_eq!(unready.warnings()[0], "the check store of /readyz fails");
        assert_eq!(report("rialto_links{state=\"trying\"} 1\n").level(), Level::Warning);
    }

    #[test]
    fn the_line_for_monitoring_has_its_data_behind_a_bar() {
        let line = report("rialto_store_wait_seconds 1.5\n").nagios();
        let (words, data) = line.split_once(" | ").unwrap();
        assert_eq!(words, "RIALTO WARNING: the store has not answered for 1.5 s");
        assert!(data.contains("published=7c ") && data.ends_with("store_wait=1.5s;1"), "{data}");
    }
}
