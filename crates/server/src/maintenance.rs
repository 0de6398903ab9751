//! Looks after a stored state from outside the broker: copies it, reads it through, repairs it.

mod address;
mod copying;

use std::path::Path;

use rialto_config::{BusKind, Settings, StoreKind};
use rialto_store::{Cause, DatabaseCause};
pub use rialto_store::{Copied, GivenUp, LeftOut, Part, Repair, Report, Step, StoreError, Sum};

pub use address::StoreAddress;
pub use copying::{copy, import};

use crate::{bus, database, error::ServeError};

/// Looks whether the database that these settings name can be used, and changes nothing there; returns what was found, one
/// sentence, and what should be otherwise, one sentence each. `None` if they name none.
///
/// # Errors
/// Why it cannot be used.
pub fn look_at_database(settings: &Settings) -> Result<Option<(String, Vec<String>)>, StoreError> {
    match settings.store.kind {
        StoreKind::Mysql | StoreKind::Postgres => database::look(settings).map(Some),
        StoreKind::Sqlite | StoreKind::Memory => Ok(None),
    }
}

/// Looks whether the bus that these settings name can be used; returns what was found, one sentence. `None` if they name none.
///
/// # Errors
/// Why it cannot be used.
pub fn look_at_bus(settings: &Settings) -> Result<Option<String>, ServeError> {
    if settings.bus.kind == BusKind::None {
        return Ok(None);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| ServeError::System { what: "start threads", source })?;
    runtime.block_on(bus::check(settings)).map(Some)
}

/// Copies the store that these settings name into a new file, also while a broker uses it.
///
/// # Errors
/// As [`rialto_store::backup`].
pub fn backup(settings: &Settings, target: &Path) -> Result<Report, StoreError> {
    refuse_database(settings)?;
    rialto_store::backup(&settings.server.data_dir, target)
}

/// Reads all of a store: of files that nobody uses, or of a database, also while a broker uses it.
///
/// # Errors
/// As [`rialto_store::check()`]; of a database, when it cannot be read to its end.
pub fn check(store: &StoreAddress) -> Result<Report, StoreError> {
    match store {
        StoreAddress::Files(path) => rialto_store::check(path),
        StoreAddress::Database { url, tls_ca } => database::check(url, tls_ca.as_deref()),
    }
}

/// Makes the store that these settings name usable again, and keeps what it gives up in the new
/// directory `aside`.
///
/// # Errors
/// As [`rialto_store::repair`].
pub fn repair(settings: &Settings, aside: &Path) -> Result<Repair, StoreError> {
    refuse_database(settings)?;
    rialto_store::repair(&settings.server.data_dir, aside)
}

/// Refuses to look after what has tools of its own.
fn refuse_database(settings: &Settings) -> Result<(), StoreError> {
    if matches!(settings.store.kind, StoreKind::Sqlite | StoreKind::Memory) {
        return Ok(());
    }
    let text = "the store is a database, which is backed up and restored by its own tools (docs/stores.md)";
    let cause = Cause::Database(DatabaseCause::Unfit(text.to_owned()));
    Err(StoreError::new("looking after the store", None, cause))
}
