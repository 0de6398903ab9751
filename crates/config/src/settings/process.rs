//! The process itself, and what it tells its operator.

use std::path::PathBuf;

use crate::choice::{DrainTime, LogFormat};
use crate::quantity::Period;
use crate::section::section;

section! {
    /// The process.
    pub struct Server {
        /// Directory for everything that the broker stores. It is created if it does not exist,
        /// and only one broker may use it at a time.
        data_dir: PathBuf = "rialto-data",
        /// How long the broker may take, when it stops, to send what is queued for clients and to
        /// close the store. After that, connections are cut; nothing acknowledged is lost.
        shutdown_timeout: Period = "10s" in "0s" to "1h",
        /// Over how long the broker lets its clients go when it stops, a few at a time, so that they do not all
        /// connect elsewhere at once. It is not ready (/readyz) and takes no more connections meanwhile. "auto" is
        /// "10s" with store.shared, where other nodes serve them, and otherwise "0s".
        drain_time: DrainTime = "auto",
        /// Threads that serve connections; 0 starts one for each core.
        worker_threads: usize = "0" in "0" to "1024",
    }
}

section! {
    /// The log, on standard error.
    pub struct Log {
        /// "text" for people, or "json" for machines, with one object on each line.
        format: LogFormat = "text",
        /// "off", "error", "warn", "info", "debug" or "trace", or such levels by module, as in
        /// "info,rialto_session=debug". The environment variable RIALTO_LOG takes precedence.
        level: String = "info",
    }
}
