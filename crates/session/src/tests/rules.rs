//! What the server of a test has configured.

use std::time::Duration;

use rialto_broker::Settings;

use crate::{DialectSettings, tests::peer::FRAME_CHARS_MAX};

/// What the server has configured besides the broker's settings.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) settings: Settings,
    /// Whether a name without a token opens a session.
    pub(crate) admits_anybody: bool,
    /// How long a lost client of PubSubX may take to come back.
    pub(crate) resume_for: Duration,
    /// How long a lost client of JMQT may.
    pub(crate) jmqt_resume_for: Duration,
    /// Whether the transcript has what PubSubX's diagnostics say.
    pub(crate) tells_all: bool,
    /// Whether the transcript has what is to be decided before a frame is taken.
    pub(crate) asks: bool,
    /// Whether the transcript has the packet with which a connection ends, which a WebSocket has none of.
    pub(crate) tells_end: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            settings: Settings::default(),
            admits_anybody: true,
            resume_for: Duration::from_secs(60),
            jmqt_resume_for: Duration::ZERO,
            tells_all: false,
            asks: false,
            tells_end: true,
        }
    }
}

impl Rules {
    /// Returns what of it is for sessions.
    pub(crate) fn dialects(&self) -> DialectSettings {
        DialectSettings {
            packet_bytes_max: FRAME_CHARS_MAX,
            jmqt_resume_for: self.jmqt_resume_for,
            pubsubx_resume_for: self.resume_for,
            pubsubx_request_bytes_max: FRAME_CHARS_MAX,
            pubsubx_notes_messages: true,
        }
    }
}
