//! What one run of one workload against one server yields, and how it is metered.

use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;

use crate::server::{Server, cpu_of};

/// The figures of one run; `None` where the workload does not measure something.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// What the workload counts, per second.
    pub(crate) rate: Option<f64>,
    pub(crate) seconds: f64,
    /// Processor time of the server per counted message, in microseconds.
    pub(crate) cpu_us: Option<f64>,
    /// Share of a processor that the client itself used; near 1, the client is the limit.
    pub(crate) client_busy: Option<f64>,
    pub(crate) latency: Option<Latency>,
    /// Resident memory the server gained per connection, in bytes.
    pub(crate) connection_bytes: Option<f64>,
    /// Time in which all connections were opened and subscribed.
    pub(crate) connect_seconds: Option<f64>,
    /// Deliveries per second until the last one, where `rate` counts something else.
    pub(crate) delivered_rate: Option<f64>,
    /// Acknowledged publishes per second of the phase that fills the store.
    pub(crate) stored_rate: Option<f64>,
}

/// Percentiles in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

/// Collects durations up to a minute, with three significant digits.
#[derive(Debug)]
pub(crate) struct Stopwatch(Histogram<u64>);

impl Stopwatch {
    pub(crate) fn new() -> Self {
        let bounds = "one nanosecond to one minute with three digits is a valid range";
        Stopwatch(Histogram::new_with_bounds(1, 60_000_000_000, 3).expect(bounds))
    }

    pub(crate) fn record(&mut self, duration: Duration) {
        self.0.saturating_record(duration.as_nanos() as u64);
    }

    pub(crate) fn latency(&self) -> Option<Latency> {
        let us = |quantile| self.0.value_at_quantile(quantile) as f64 / 1e3;
        (!self.0.is_empty()).then(|| Latency {
            p50: us(0.5),
            p99: us(0.99),
            p999: us(0.999),
            max: self.0.max() as f64 / 1e3,
        })
    }
}

/// Meters a stretch of a run: time, the server's processor time and our own.
#[derive(Debug)]
pub(crate) struct Meter {
    started: Instant,
    server_cpu: Duration,
    own_cpu: Duration,
}

impl Meter {
    pub(crate) fn start(server: &Server) -> Result<Self> {
        let server_cpu = server.cpu()?;
        let own_cpu = cpu_of(std::process::id())?;
        Ok(Meter { started: Instant::now(), server_cpu, own_cpu })
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Ends the stretch, in which `count` messages went through.
    pub(crate) fn finish(&self, server: &Server, count: u64) -> Result<Outcome> {
        let seconds = self.elapsed().as_secs_f64();
        let server_cpu = (server.cpu()? - self.server_cpu).as_secs_f64();
        let own_cpu = (cpu_of(std::process::id())? - self.own_cpu).as_secs_f64();
        Ok(Outcome {
            rate: Some(count as f64 / seconds),
            seconds,
            cpu_us: Some(server_cpu * 1e6 / count as f64),
            client_busy: Some(own_cpu / seconds),
            ..Outcome::default()
        })
    }
}

/// Returns the middle one of `values`, or the mean of the middle two.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        length if length % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}
