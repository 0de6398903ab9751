//! How a cache is to be.

use std::time::Duration;

use crate::exptime::UnixMs;

/// How a store is to be.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bytes for all items together, keys and what it takes to keep them included.
    pub bytes_max: u64,
    /// Bytes of one value. More than half of `bytes_max` counts as half.
    pub item_bytes_max: usize,
    /// Which changes are noted: those of keys that begin with one of these.
    pub prefixes: Vec<Vec<u8>>,
    /// How long an item that clients no longer see may be kept, in milliseconds, so that `stats` can tell what expired or was
    /// flushed from what never was.
    pub stale_kept_ms: UnixMs,
    /// Connections there may be, for `stats`; who accepts them holds to it.
    pub connections_max: usize,
    /// How long a connection may be silent, for `stats`; who serves it holds to it. `None` is for ever.
    pub idle_max: Option<Duration>,
    /// Reads what the process has used of the processor, for `stats`.
    pub processor_time: fn() -> ProcessorTime,
}

/// What a process has used of the processor since it started.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessorTime {
    /// In its own code.
    pub user: Duration,
    /// In the system's.
    pub system: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            bytes_max: 64 << 20,
            item_bytes_max: 1 << 20,
            prefixes: Vec::new(),
            stale_kept_ms: 10_000,
            connections_max: 1024,
            idle_max: None,
            processor_time: ProcessorTime::default,
        }
    }
}
