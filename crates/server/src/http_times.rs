//! How long HTTP requests take, with the trace of some, where their clients name one.

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, StatusCode};
use prometheus_client::metrics::{
    exemplar::HistogramWithExemplars, histogram::exponential_buckets,
};

/// The label of an exemplar: the name `trace_id`, and the trace.
pub(crate) type TraceLabel = [(&'static str, String); 1];

/// The histogram of one outcome.
pub(crate) type RequestTimes = HistogramWithExemplars<TraceLabel>;

/// How a request ended, by its answer's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was done: below 400.
    Done,
    /// It was refused: 400 to 499.
    Refused,
    /// The server could not: 500 and above.
    Failed,
}

/// How long requests took until their answer began, by outcome.
#[derive(Debug)]
pub(crate) struct HttpTimes([RequestTimes; Outcome::ALL.len()]);

/// The trace that a request is part of, as W3C's Trace Context names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TraceId(String);

impl Outcome {
    pub(crate) const ALL: [Outcome; 3] = [Outcome::Done, Outcome::Refused, Outcome::Failed];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        }
    }

    fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            ..400 => Outcome::Done,
            400..500 => Outcome::Refused,
            500.. => Outcome::Failed,
        }
    }
}

impl Default for HttpTimes {
    fn default() -> Self {
        // As those of all other histograms.
        let times = |_| HistogramWithExemplars::new(exponential_buckets(1e-6, 2.0, 24));
        HttpTimes(Outcome::ALL.map(times))
    }
}

impl HttpTimes {
    pub(crate) fn note(&self, status: StatusCode, took: Duration, trace: Option<TraceId>) {
        let label = trace.map(|TraceId(trace)| [("trace_id", trace)]);
        let now = label.as_ref().map(|_| SystemTime::now());
        self.of(Outcome::of(status)).observe(took.as_secs_f64(), label, now);
    }

    pub(crate) fn of(&self, outcome: Outcome) -> &RequestTimes {
        &self.0[outcome as usize]
    }
}

impl TraceId {
    /// Returns the trace that the field `traceparent` names, if it is whole.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut parts = headers.get("traceparent")?.to_str().ok()?.split('-');
        let (version, trace, parent) = (parts.next()?, parts.next()?, parts.next()?);
        parts.next()?;
        let is_id = |text: &str, length| {
            let is_hex = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
            text.len() == length && text.bytes().all(is_hex) && text.bytes().any(|it| it != b'0')
        };
        let is_whole =
            version != "ff" && version.len() == 2 && is_id(trace, 32) && is_id(parent, 16);
        is_whole.then(|| TraceId(trace.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_taken_from_a_whole_traceparent_only() {
        let trace = |value: &'static str| {
            let headers =
                HeaderMap::from_iter([("traceparent".parse().unwrap(), value.parse().unwrap())]);
            TraceId::of(&headers).map(|TraceId(trace)| trace)
        };
        let good = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap(), good);
        assert_eq!(
            trace("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more").unwrap(),
            good
        );
        for wrong in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd-b7ad6b7169203331-01",
        ] {
            assert_eq!(trace(wrong), None, "{wrong}");
        }
        assert_eq!(TraceId::of(&HeaderMap::new()), None);
    }
}
