//! The database that a server stores in, if this program can use one.

use rialto_config::Settings;
use rialto_store::{Store, StoreError};

pub(crate) use driver::{look, open};

#[cfg(feature = "postgres")]
mod driver {
    use std::fs;

    use rialto_postgres::{PostgresSettings, PostgresStore, check_connection};
    use rialto_store::{Cause, DatabaseCause};

    use super::{Settings, Store, StoreError};

    pub(crate) fn open(settings: &Settings) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(PostgresStore::open(&postgres(settings)?)?))
    }

    /// Looks whether the database can be used, and changes nothing there; returns what was found and what should be
    /// otherwise.
    pub(crate) fn look(settings: &Settings) -> Result<(String, Vec<String>), StoreError> {
        let found = check_connection(&postgres(settings)?)?;
        let tables = match found.schema_version {
            Some(version) => format!("its tables have version {version}"),
            None => "its tables are still to be made".to_owned(),
        };
        let way = if found.is_encrypted { "encrypted" } else { "not encrypted" };
        let text = format!(
            "the database is PostgreSQL {}; {tables}; the connection is {way}",
            found.server
        );
        Ok((text, found.warnings))
    }

    fn postgres(settings: &Settings) -> Result<PostgresSettings, StoreError> {
        let url = match settings.store.url_file.get() {
            Some(path) => fs::read_to_string(path).map_err(|error| {
                let text = format!("store.url_file, {}: {error}", path.display());
                let cause = Cause::Database(DatabaseCause::Address(text));
                StoreError::new("opening", None, cause)
            })?,
            None => settings.store.url.expose().to_owned(),
        };
        let host = gethostname::gethostname();
        let name = format!("{}, process {}", host.to_string_lossy(), std::process::id());
        let mut postgres = PostgresSettings::new(url, name);
        postgres.tls_ca = settings.store.tls_ca.get().map(Into::into);
        Ok(postgres)
    }
}

#[cfg(not(feature = "postgres"))]
mod driver {
    use rialto_store::{Cause, DatabaseCause};

    use super::{Settings, Store, StoreError};

    pub(crate) fn open(_: &Settings) -> Result<Box<dyn Store>, StoreError> {
        Err(lacking())
    }

    pub(crate) fn look(_: &Settings) -> Result<(String, Vec<String>), StoreError> {
        Err(lacking())
    }

    fn lacking() -> StoreError {
        let text =
            "this program was built without PostgreSQL: use one with the feature \"postgres\"";
        let cause = Cause::Database(DatabaseCause::Unfit(text.to_owned()));
        StoreError::new("opening", None, cause)
    }
}
