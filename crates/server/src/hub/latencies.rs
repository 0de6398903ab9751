//! How long messages take.

use rialto_stopwatch::Durations;

/// How long messages take, from when the broker takes them in.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    /// Until their publishers were written that they are stored: each message that a log takes.
    pub(crate) acknowledged: Durations,
    /// Until messages with QoS 0 were written to the receivers that read, at some of the rounds.
    pub(crate) delivered: Durations,
    /// The same with QoS 1, the way through the store included: each message that a log takes and
    /// somebody gets at once.
    pub(crate) delivered_stored: Durations,
}
