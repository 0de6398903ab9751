//! The page of metrics: how numbers are written on it.

use std::fmt;

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeMetric as _, MetricEncoder, NoLabelSet},
    metrics::MetricType,
    registry::Unit,
};
use rialto_broker::{Counter, CounterKind};
use rialto_stopwatch::{Durations, Ranges};

use crate::http_times::{HttpTimes, Outcome};

/// The page that is being written. Descriptions have no full stop, which is added to them.
pub(super) struct Page<'a>(pub(super) DescriptorEncoder<'a>);

impl Page<'_> {
    /// Writes a number of the broker's table under its own name; times are in seconds here.
    pub(super) fn counter_of_table(&mut self, counter: &Counter, value: u64) -> fmt::Result {
        let help = counter.what.trim().trim_end_matches('.');
        match (counter.kind, counter.name.strip_suffix("_ms")) {
            (CounterKind::Counter, _) => self.counter(counter.name, help, value),
            (CounterKind::Gauge, None) => self.gauge((counter.name, help), None, value as f64),
            (CounterKind::Gauge, Some(name)) => {
                self.gauge((name, help), Some(&Unit::Seconds), value as f64 / 1e3)
            }
        }
    }

    pub(super) fn info(&mut self, name: &str, help: &str, label: (&str, &str)) -> fmt::Result {
        self.0.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(&[label])
    }

    pub(super) fn gauge(
        &mut self,
        (name, help): (&str, &str),
        unit: Option<&Unit>,
        value: f64,
    ) -> fmt::Result {
        self.0.encode_descriptor(name, help, unit, MetricType::Gauge)?.encode_gauge(&value)
    }

    /// Writes a gauge for each value of a label.
    pub(super) fn gauges(
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

    pub(super) fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        encoder.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    /// Writes a counter for each value of a label.
    pub(super) fn counters(
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

    /// Writes numbers under several labels each.
    pub(super) fn numbers<const N: usize>(
        &mut self,
        (name, help): (&str, &str),
        (kind, unit): (MetricType, Option<&Unit>),
        values: impl IntoIterator<Item = ([(&'static str, String); N], u64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, unit, kind)?;
        for (labels, value) in values {
            let mut encoder = family.encode_family(&labels)?;
            match kind {
                MetricType::Counter => {
                    encoder.encode_counter::<NoLabelSet, _, u64>(&value, None)?
                }
                _ => encoder.encode_gauge(&value)?,
            }
        }
        Ok(())
    }

    pub(super) fn durations(
        &mut self,
        name: &str,
        help: &str,
        durations: &Durations,
    ) -> fmt::Result {
        let unit = Some(&Unit::Seconds);
        let mut encoder = self.0.encode_descriptor(name, help, unit, MetricType::Histogram)?;
        histogram(&mut encoder, durations)
    }

    /// Writes a histogram for each value of a label.
    pub(super) fn durations_by<'d>(
        &mut self,
        (name, help): (&str, &str),
        label: &str,
        values: impl IntoIterator<Item = (&'static str, &'d Durations)>,
    ) -> fmt::Result {
        let unit = Some(&Unit::Seconds);
        let mut family = self.0.encode_descriptor(name, help, unit, MetricType::Histogram)?;
        for (word, durations) in values {
            histogram(&mut family.encode_family(&[(label, word)])?, durations)?;
        }
        Ok(())
    }

    pub(super) fn sizes(&mut self, name: &str, help: &str, sizes: &Ranges) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        let (sum, counts) = (sizes.sum() as f64, sizes.counts());
        let count = counts.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(sum, count, &counts, None)
    }

    /// Writes how long requests took, with their exemplars.
    pub(super) fn requests(&mut self, name: &str, help: &str, times: &HttpTimes) -> fmt::Result {
        let unit = Some(&Unit::Seconds);
        let mut family = self.0.encode_descriptor(name, help, unit, MetricType::Histogram)?;
        for outcome in Outcome::ALL {
            let labels = [("outcome", outcome.as_str())];
            times.of(outcome).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

fn histogram(encoder: &mut MetricEncoder<'_>, durations: &Durations) -> fmt::Result {
    let ranges = durations.ranges();
    let count = ranges.iter().map(|(_, count)| count).sum();
    encoder.encode_histogram::<NoLabelSet>(durations.sum_s(), count, &ranges, None)
}
