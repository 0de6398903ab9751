//! Looks after a stored state from outside the broker: copies it, reads it through, repairs it.

use std::path::Path;

use rialto_config::Settings;
pub use rialto_store::{GivenUp, Repair, Report, StoreError};

/// Copies the store that these settings name into a new file, also while a broker uses it.
///
/// # Errors
/// As [`rialto_store::backup`].
pub fn backup(settings: &Settings, target: &Path) -> Result<Report, StoreError> {
    rialto_store::backup(&settings.server.data_dir, target)
}

/// Reads all of a store that nobody uses, or of a copy.
///
/// # Errors
/// As [`rialto_store::check()`].
pub fn check(path: &Path) -> Result<Report, StoreError> {
    rialto_store::check(path)
}

/// Makes the store that these settings name usable again, and keeps what it gives up in the new
/// directory `aside`.
///
/// # Errors
/// As [`rialto_store::repair`].
pub fn repair(settings: &Settings, aside: &Path) -> Result<Repair, StoreError> {
    rialto_store::repair(&settings.server.data_dir, aside)
}
