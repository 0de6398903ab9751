//! The process itself, and what it tells its operator.

use std::path::PathBuf;

use crate::choice::LogFormat;
use crate::quantity::Period;
use crate::section::section;

section! {
    /// The process.
    pub struct Server {
        /// Directory for everything the broker keeps. It is made if it does not exist, and only one
        /// broker may use it at a time.
        data_dir: PathBuf = "rialto-data",
        /// How long a stop may take to flush connections and store. What is left is then cut off;
        /// nothing acknowledged is lost.
        shutdown_timeout: Period = "10s" in "0s" to "1h",
        /// Threads that serve connections; 0 is one for each core.
        worker_threads: usize = "0" in "0" to "1024",
    }
}

section! {
    /// What the broker tells its operator, on standard error.
    pub struct Log {
        /// "text" for people, "json" for machines: one object a line.
        format: LogFormat = "text",
        /// "off", "error", "warn", "info", "debug" or "trace", or such levels by module, as in
        /// "info,rialto_session=debug". The environment variable RIALTO_LOG stands above it.
        level: String = "info",
    }
}
