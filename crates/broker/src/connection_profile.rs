//! What the core has to know of how a dialect behaves on one connection.

use std::time::Duration;

use crate::Format;

/// How the peer on a connection behaves, as far as delivery depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionProfile {
    /// How what it is sent is encoded.
    pub format: Format,
    /// QoS 1 deliveries that may be unacknowledged; the smaller of it and the configured number
    /// holds.
    pub unacknowledged_max: u32,
    /// Whether it acknowledges QoS 1 deliveries. To one that does not they go once, like QoS 0.
    pub acknowledges: bool,
    /// Whether what it is sent is [made out](crate::Encoder::address) to it by itself, because its
    /// dialect numbers deliveries for each receiver.
    pub is_addressed: bool,
    /// Whether it has to give signs of life while its session is open.
    pub has_heartbeat: bool,
    /// Whether its carrier answers a ping by itself, so that it is asked for a sign of life where it
    /// gives none.
    pub answers_pings: bool,
    /// Whether it is sent retained messages.
    pub takes_retained: bool,
    /// Whether it gets back what it publishes to a channel it is subscribed to; `None` is as
    /// configured.
    pub echo: Option<bool>,
    /// How long a client whose connection is lost may take to come back to its session; zero ends
    /// the session with the connection.
    pub resume_for: Duration,
    /// How long one that is back waits for what it missed, so that the answer it gets first is read
    /// by itself.
    pub resume_pause: Duration,
}

impl ConnectionProfile {
    /// Returns the profile of a peer that acknowledges, gives signs of life and takes retained
    /// messages.
    #[must_use]
    pub fn new(format: Format) -> Self {
        ConnectionProfile {
            format,
            unacknowledged_max: u32::MAX,
            acknowledges: true,
            is_addressed: false,
            has_heartbeat: true,
            answers_pings: false,
            takes_retained: true,
            echo: None,
            resume_for: Duration::ZERO,
            resume_pause: Duration::ZERO,
        }
    }

    /// Returns the profile of a peer that only listens and speaks: no acknowledgements, no
    /// heartbeat, no retained messages, no echo.
    #[must_use]
    pub fn plain(format: Format) -> Self {
        ConnectionProfile {
            acknowledges: false,
            has_heartbeat: false,
            takes_retained: false,
            echo: Some(false),
            ..ConnectionProfile::new(format)
        }
    }
}
