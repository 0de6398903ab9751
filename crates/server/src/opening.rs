//! Which store a server uses, as its settings say.

use std::time::Duration;

use rialto_config::{Durability, Settings, StoreKind};
use rialto_store::{SqliteSettings, Store, StoreError, StoreSettings};

use crate::database;

/// Opens the store that the settings ask for.
///
/// # Errors
/// The text of the [`StoreError`] says why it cannot be opened and what to do about it.
pub(crate) fn open(settings: &Settings) -> Result<Box<dyn Store>, StoreError> {
    match settings.store.kind {
        StoreKind::Memory => rialto_store::open(StoreSettings::Memory),
        StoreKind::Sqlite => rialto_store::open(sqlite(settings)),
        StoreKind::Mysql | StoreKind::Postgres => database::open(settings),
    }
}

/// Returns how long a commit that failed for a reason that may pass is tried again before it is refused. A database that
/// starts anew, or hands over to a standby, takes longer than a disk that recovers.
pub(crate) fn retry_time(settings: &Settings) -> Duration {
    match settings.store.kind {
        StoreKind::Memory | StoreKind::Sqlite => Duration::from_secs(5),
        StoreKind::Mysql | StoreKind::Postgres => Duration::from_secs(10),
    }
}

fn sqlite(settings: &Settings) -> StoreSettings {
    StoreSettings::Sqlite {
        directory: settings.server.data_dir.clone(),
        settings: SqliteSettings {
            durability: match settings.store.durability {
                Durability::Fsync => rialto_store::Durability::Fsync,
                Durability::Os => rialto_store::Durability::Os,
            },
            bytes_max: settings.store.bytes_max.nonzero(),
            ..SqliteSettings::default()
        },
    }
}
