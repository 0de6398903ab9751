//! Figures of the last minutes, hours and day, so that whoever begins to look sees a full chart.
//!
//! A task takes a sample once a second (`history/sample.rs`) and writes what it says, series by series
//! (`history/series.rs`), into rings of fixed size (`history/ring.rs`): one a second for five minutes, one for ten
//! seconds for an hour, one a minute for a day. Whoever reads them takes no lock. They begin anew with the process.

mod ring;
mod sample;
mod series;

use std::{sync::Arc, time::Duration};

use rialto_domain::UnixMs;
use tokio::time::sleep;

use self::{
    ring::{Ring, Stretch},
    sample::Sample,
};

pub(crate) use self::{sample::Sources, series::SERIES};

/// How long after the end of a second its sample is taken.
const BEHIND_SECOND_MS: u64 = 5;

/// Seconds over which the latest figures are means.
const LATEST_COUNT: usize = 5;

/// How far back a chart goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Range {
    /// Five minutes, by the second.
    #[default]
    Minutes,
    /// An hour, by ten seconds.
    Hour,
    /// A day, by the minute.
    Day,
}

/// The rings.
#[derive(Debug)]
pub(crate) struct History([Ring; Range::ALL.len()]);

impl Range {
    pub(crate) const ALL: [Range; 3] = [Range::Minutes, Range::Hour, Range::Day];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Range::Minutes => "5m",
            Range::Hour => "1h",
            Range::Day => "24h",
        }
    }

    /// Returns how many steps it has.
    pub(crate) fn steps(self) -> usize {
        match self {
            Range::Minutes => 300,
            Range::Hour => 360,
            Range::Day => 1440,
        }
    }

    fn ring(self) -> Ring {
        let step_s = match self {
            Range::Minutes => 1,
            Range::Hour => 10,
            Range::Day => 60,
        };
        Ring::new(step_s * 1000, self.steps() as u64, SERIES.len())
    }
}

impl Default for History {
    fn default() -> Self {
        History(Range::ALL.map(Range::ring))
    }
}

impl History {
    /// Returns all that is known now of some series, named by their places in [`SERIES`].
    pub(crate) fn read(&self, range: Range, now_ms: UnixMs, series: &[usize]) -> Stretch {
        self.0[range as usize].read(now_ms, series)
    }

    /// Returns the mean of what is known of a series within its last five seconds.
    pub(crate) fn latest(&self, now_ms: UnixMs, name: &str) -> Option<f64> {
        let place = SERIES.iter().position(|series| series.name == name)?;
        let stretch = self.read(Range::Minutes, now_ms, &[place]);
        let values = &stretch.values[0];
        let last = &values[values.len().saturating_sub(LATEST_COUNT)..];
        let known: Vec<f64> = last.iter().flatten().map(|it| f64::from(*it)).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    }
}

/// Takes samples until it is aborted.
pub(crate) async fn keep(history: Arc<History>, sources: Arc<Sources>) {
    let hub = &sources.hub;
    let first = Arc::new(Sample::take(&sources));
    let mut bases = Range::ALL.map(|_| (hub.steady_ms(), first.clone()));
    loop {
        let past_second_ms = hub.steady_ms() % 1000;
        sleep(Duration::from_millis(1000 - past_second_ms + BEHIND_SECOND_MS)).await;
        let (now_ms, sample) = (hub.steady_ms(), Arc::new(Sample::take(&sources)));
        for (ring, (base_ms, base)) in history.0.iter().zip(&mut bases) {
            if ring.is_past_step(*base_ms, now_ms) {
                ring.write(now_ms, SERIES.iter().map(|series| series.value(base, &sample)));
                (*base_ms, *base) = (now_ms, sample.clone());
            }
        }
    }
}
