//! Whether a database is fit to keep what is acknowledged: what is the same for all of them.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rialto_store::{DatabaseCause, StoreError};

use crate::{cause::Trouble, wait::Moves};

/// How far apart the clocks may be before that is told of.
const CLOCK_DIFFERENCE_MAX: Duration = Duration::from_millis(500);

/// How a database was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The server's name and version, as it says it.
    pub server: String,
    /// Whether what is sent is encrypted.
    pub is_encrypted: bool,
    /// The version of the tables; `None` if they are still to be made.
    pub schema_version: Option<i32>,
    /// What should be otherwise; one sentence each.
    pub warnings: Vec<String>,
}

/// Waits for what is found out about a database, at most so long.
///
/// # Errors
/// Why it cannot be used.
pub fn look(
    limit: Duration,
    work: impl Future<Output = Result<Found, Trouble>>,
) -> Result<Found, StoreError> {
    let error = |cause| StoreError::new("looking at the database", None, cause);
    let moves = Moves::start().map_err(|refused| error(refused.into()))?;
    let found = moves.wait(limit, work).unwrap_or_else(|| Err(Trouble::silent(limit)));
    found.map_err(|trouble| error(trouble.cause))
}

/// Refuses a database, with a sentence that says why and what to do.
#[must_use]
pub fn unfit(sentence: &str) -> Trouble {
    DatabaseCause::Unfit(sentence.to_owned()).into()
}

/// Says whether what is sent to a host never leaves this machine.
#[must_use]
pub fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Compares the database's clock with ours, as read before and after the question: a warning if they are far apart.
#[must_use]
pub fn clock_warning(before: SystemTime, after: SystemTime, there_us: i64) -> Option<String> {
    let there = UNIX_EPOCH + Duration::from_micros(there_us.max(0).unsigned_abs());
    let ahead = there.duration_since(after).unwrap_or_default();
    let behind = before.duration_since(there).unwrap_or_default();
    let difference = ahead.max(behind);
    (CLOCK_DIFFERENCE_MAX < difference).then(|| {
        format!(
            "the database's clock is {:.1} s {} this machine's: set one of them right",
            difference.as_secs_f32(),
            if ahead < behind { "behind" } else { "ahead of" }
        )
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::clock_warning;

    #[test]
    fn a_clock_far_off_is_told_of() {
        let (before, after) =
            (UNIX_EPOCH + Duration::from_secs(100), UNIX_EPOCH + Duration::from_secs(103));
        let told = |there_ms: i64| clock_warning(before, after, there_ms * 1000);
        assert_eq!(told(99_600), None);
        assert_eq!(told(103_400), None);
        assert!(told(90_000).is_some_and(|text| text.contains("10.0 s behind")));
        assert!(told(113_000).is_some_and(|text| text.contains("10.0 s ahead of")));
    }
}
