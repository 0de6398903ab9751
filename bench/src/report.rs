//! Puts samples into a table for people or JSON lines for programs.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::kind::Kind;
use crate::outcome::{Outcome, median};
use crate::suite::Sample;
use crate::workload::Workload;

/// A figure that the table has a column for and JSON a key.
struct Metric {
    key: &'static str,
    title: &'static str,
    value: fn(&Outcome) -> Option<f64>,
    show: fn(f64) -> String,
}

const METRICS: &[Metric] = &[
    Metric { key: "rate", title: "per second", value: |it| it.rate, show: rate },
    Metric { key: "cpu_us", title: "CPU µs", value: |it| it.cpu_us, show: hundredths },
    Metric { key: "p50_us", title: "p50 µs", value: |it| Some(it.latency?.p50), show: whole },
    Metric { key: "p99_us", title: "p99 µs", value: |it| Some(it.latency?.p99), show: whole },
    Metric { key: "p999_us", title: "p99.9 µs", value: |it| Some(it.latency?.p999), show: whole },
    Metric { key: "max_us", title: "max µs", value: |it| Some(it.latency?.max), show: whole },
    Metric {
        key: "connection_bytes",
        title: "KiB/conn",
        value: |it| it.connection_bytes,
        show: |bytes| hundredths(bytes / 1024.0),
    },
    Metric {
        key: "connect_s",
        title: "connect s",
        value: |it| it.connect_seconds,
        show: hundredths,
    },
    Metric {
        key: "delivered_rate",
        title: "delivered/s",
        value: |it| it.delivered_rate,
        show: rate,
    },
    Metric { key: "stored_rate", title: "stored/s", value: |it| it.stored_rate, show: rate },
    Metric { key: "seconds", title: "run s", value: |it| Some(it.seconds), show: hundredths },
    Metric {
        key: "client_busy",
        title: "client",
        value: |it| it.client_busy,
        show: |share| format!("{:.0} %", share * 100.0),
    },
];

/// How the run itself went is not compared.
const NOT_COMPARED: &[&str] = &["seconds", "client_busy"];

/// One sample as a JSON object.
pub(crate) fn sample_json(sample: &Sample) -> Value {
    let mut object = figures(|metric| (metric.value)(&sample.outcome));
    object.insert("workload".to_owned(), json!(sample.workload.name));
    object.insert("server".to_owned(), json!(sample.kind.name()));
    object.insert("repetition".to_owned(), json!(sample.repetition));
    object.insert("unit".to_owned(), json!(sample.workload.unit));
    Value::Object(object)
}

/// One sample as a line of progress.
pub(crate) fn sample_line(sample: &Sample) -> String {
    let Sample { workload, kind, outcome, .. } = sample;
    let rate = outcome.rate.map(rate).unwrap_or_default();
    format!("{} {}: {rate} {}", workload.name, kind.name(), workload.unit)
}

/// Everything measured for one workload, summed up.
pub(crate) struct Summary<'a> {
    workload: &'a Workload,
    samples: Vec<&'a Sample>,
}

impl<'a> Summary<'a> {
    /// Picks the samples of `workload`.
    pub(crate) fn new(workload: &'a Workload, samples: &'a [Sample]) -> Self {
        let is_its = |sample: &&Sample| sample.workload.name == workload.name;
        Summary { workload, samples: samples.iter().filter(is_its).collect() }
    }

    /// Median over the repetitions of one server.
    pub(crate) fn median(
        &self,
        kind: Kind,
        value: impl Fn(&Outcome) -> Option<f64>,
    ) -> Option<f64> {
        let its = self.samples.iter().filter(|sample| sample.kind == kind);
        median(its.filter_map(|sample| value(&sample.outcome)).collect())
    }

    /// The figure of a server divided by the peer's, for each repetition that has both.
    fn ratios(&self, of: Kind, value: impl Fn(&Outcome) -> Option<f64>) -> Vec<f64> {
        let ratio = |ours: &&Sample| {
            let peers = self.samples.iter().find(|other| {
                other.repetition == ours.repetition && other.kind == self.workload.peer()
            })?;
            let peer_value = value(&peers.outcome)?;
            (peer_value != 0.0).then_some(value(&ours.outcome)? / peer_value)
        };
        self.samples.iter().filter(|it| it.kind == of).filter_map(ratio).collect()
    }

    /// Median of Rialto's [`Self::ratios`]: neighbours that come and go slow both halves of a pair.
    pub(crate) fn ratio(&self, value: impl Fn(&Outcome) -> Option<f64>) -> Option<f64> {
        median(self.ratios(Kind::Rialto, value))
    }

    fn kinds(&self) -> Vec<Kind> {
        let stores = [Kind::RialtoPostgres, Kind::RialtoMariadb];
        let peers = [self.workload.peer(), Kind::JetStreamSynced];
        let kinds = [Kind::Rialto].into_iter().chain(stores).chain(peers);
        kinds.filter(|&it| self.samples.iter().any(|sample| sample.kind == it)).collect()
    }

    /// All but the peer.
    fn compared(&self) -> impl Iterator<Item = Kind> {
        let peer = self.workload.peer();
        self.kinds().into_iter().filter(move |kind| *kind != peer)
    }

    /// The summary as a JSON object.
    pub(crate) fn json(&self) -> Value {
        let mut servers = Map::new();
        for kind in self.kinds() {
            let medians = figures(|metric| self.median(kind, metric.value));
            servers.insert(kind.name().to_owned(), Value::Object(medians));
        }
        let ratios = figures(|metric| self.ratio(metric.value).filter(|_| is_compared(metric)));
        let of_all = self.compared().filter_map(|kind| {
            Some((kind.name().to_owned(), json!(median(self.ratios(kind, |it| it.rate))?)))
        });
        json!({"workload": self.workload.name, "unit": self.workload.unit, "median": servers,
            "ratio": ratios, "rate_ratios": Value::Object(of_all.collect())})
    }

    /// Writes the workload's part of the table.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        if self.samples.is_empty() {
            return Ok(());
        }
        let Workload { name, title, unit, .. } = self.workload;
        writeln!(out, "\n{name}: {title} ({unit})")?;
        let is_shown = |it: &&Metric| self.samples.iter().any(|s| (it.value)(&s.outcome).is_some());
        let shown: Vec<&Metric> = METRICS.iter().filter(is_shown).collect();
        print_row(out, "", shown.iter().map(|metric| metric.title.to_owned()))?;
        for kind in self.kinds() {
            let cell = |metric: &&Metric| cell(self.median(kind, metric.value), metric.show);
            print_row(out, kind.name(), shown.iter().map(cell))?;
        }
        for kind in self.compared() {
            let ratios = self.ratios(kind, |it| it.rate);
            if ratios.is_empty() {
                continue;
            }
            let cell = |metric: &&Metric| {
                let ratio = median(self.ratios(kind, metric.value));
                cell(ratio.filter(|_| is_compared(metric)), hundredths)
            };
            print_row(out, "ratio", shown.iter().map(cell))?;
            let list: Vec<String> = ratios.into_iter().map(hundredths).collect();
            let whose = match kind {
                Kind::Rialto => String::new(),
                other => format!(" of {}", other.name()),
            };
            writeln!(out, "  ratio of rates{whose}, each repetition: {}", list.join(" "))?;
        }
        Ok(())
    }
}

fn is_compared(metric: &Metric) -> bool {
    !NOT_COMPARED.contains(&metric.key)
}

fn figures(value: impl Fn(&Metric) -> Option<f64>) -> Map<String, Value> {
    let known = METRICS.iter().filter_map(|metric| Some((metric.key.to_owned(), value(metric)?)));
    known.map(|(key, value)| (key, json!(value))).collect()
}

fn print_row(
    out: &mut impl Write,
    name: &str,
    cells: impl Iterator<Item = String>,
) -> io::Result<()> {
    write!(out, "  {name:<10}")?;
    for cell in cells {
        write!(out, "{cell:>12}")?;
    }
    writeln!(out)
}

fn cell(value: Option<f64>, show: fn(f64) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), show)
}

/// Shows a rate with a unit of its size.
pub fn rate(value: f64) -> String {
    match value {
        1e6.. => format!("{:.2} M", value / 1e6),
        1e4.. => format!("{:.0} k", value / 1e3),
        1e3.. => format!("{:.1} k", value / 1e3),
        _ => format!("{value:.0}"),
    }
}

fn hundredths(value: f64) -> String {
    format!("{value:.2}")
}

fn whole(value: f64) -> String {
    format!("{value:.0}")
}

#[cfg(test)]
mod tests;
