//! The clocks of the process, read for the broker, which reads none.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rialto_broker::Now;
use rialto_domain::UnixMs;
use rialto_stopwatch::running;

/// What all clocks said when the server started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// How long this process had run by then.
    started: Duration,
    /// What the monotonic clock and the wall clock said then.
    began: (Instant, UnixMs),
}

impl Clock {
    pub(crate) fn start() -> Self {
        Clock { started: running(), began: (Instant::now(), unix_ms()) }
    }

    /// Returns milliseconds since the Unix epoch by a clock that never steps, and does not stand still
    /// while the process is stopped: for what lasts a time whoever listens.
    pub(crate) fn steady_ms(self) -> UnixMs {
        let (began, began_ms) = self.began;
        began_ms + began.elapsed().as_millis() as UnixMs
    }

    pub(crate) fn now(self) -> Now {
        Now { uptime: running() - self.started, unix_ms: unix_ms() }
    }
}

fn unix_ms() -> UnixMs {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(0, |since| since.as_millis() as UnixMs)
}
