//! Which store is used, and how it is opened.

use std::path::PathBuf;

use crate::{MemoryStore, SqliteSettings, SqliteStore, Store, StoreError};

/// Which store to open.
#[derive(Debug, Clone)]
pub enum StoreSettings {
    /// One that forgets everything when the process ends.
    Memory,
    /// One that keeps everything in a directory of its own.
    Sqlite {
        /// Where; made when missing.
        directory: PathBuf,
        /// How.
        settings: SqliteSettings,
    },
}

/// Opens the store that `settings` ask for.
///
/// # Errors
/// The text of the [`StoreError`] says why it cannot be opened and what to do about it.
pub fn open(settings: StoreSettings) -> Result<Box<dyn Store>, StoreError> {
    match settings {
        StoreSettings::Memory => Ok(Box::new(MemoryStore::default())),
        StoreSettings::Sqlite { directory, settings } => {
            Ok(Box::new(SqliteStore::open(&directory, &settings)?))
        }
    }
}
