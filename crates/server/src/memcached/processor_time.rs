//! What this process has used of the processor.

use rialto_cache::ProcessorTime;

/// Reads it; nothing where the system does not tell.
#[cfg(unix)]
pub(super) fn read() -> ProcessorTime {
    use std::time::Duration;

    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::{TimeVal, TimeValLike as _},
    };

    let duration =
        |time: TimeVal| Duration::from_micros(u64::try_from(time.num_microseconds()).unwrap_or(0));
    getrusage(UsageWho::RUSAGE_SELF).map_or_else(
        |_| ProcessorTime::default(),
        |usage| ProcessorTime {
            user: duration(usage.user_time()),
            system: duration(usage.system_time()),
        },
    )
}

/// Nothing here tells.
#[cfg(not(unix))]
pub(super) fn read() -> ProcessorTime {
    ProcessorTime::default()
}
