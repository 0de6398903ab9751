//! The database that a server stores in, if this program can use one.

use std::{fs, path::Path};

use rialto_config::{Secret, Settings};
use rialto_store::{Cause, DatabaseCause, Report, Store, StoreError, StoreTarget, StoreWalk};

pub(crate) use driver::{check, look, open, target, walk};

/// Returns the URL of the database that these settings name.
///
/// # Errors
/// If it stands in a file that cannot be read.
pub(crate) fn url(settings: &Settings) -> Result<Secret, StoreError> {
    let Some(path) = settings.store.url_file.get() else { return Ok(settings.store.url.clone()) };
    let url = fs::read_to_string(path).map_err(|error| {
        let text = format!("store.url_file, {}: {error}", path.display());
        StoreError::new("opening", None, Cause::Database(DatabaseCause::Address(text)))
    })?;
    Ok(Secret::new(url))
}

#[cfg(feature = "postgres")]
mod driver {
    use rialto_postgres::{
        PostgresSettings, PostgresStore, check_connection, check_store, open_target, open_walk,
    };

    use super::{Path, Report, Secret, Settings, Store, StoreError, StoreTarget, StoreWalk};

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
        let text = format!("the database is {}; {tables}; the connection is {way}", found.server);
        Ok((text, found.warnings))
    }

    /// Reads all of a database, also while a broker uses it.
    pub(crate) fn check(url: &Secret, tls_ca: Option<&Path>) -> Result<Report, StoreError> {
        check_store(&at(url, tls_ca))
    }

    /// Begins to read all of a database that no broker uses.
    pub(crate) fn walk(
        url: &Secret,
        tls_ca: Option<&Path>,
    ) -> Result<Box<dyn StoreWalk>, StoreError> {
        open_walk(&at(url, tls_ca))
    }

    /// Makes a database ready for a copy.
    pub(crate) fn target(
        url: &Secret,
        tls_ca: Option<&Path>,
        origin: &str,
    ) -> Result<Box<dyn StoreTarget>, StoreError> {
        open_target(&at(url, tls_ca), origin)
    }

    fn postgres(settings: &Settings) -> Result<PostgresSettings, StoreError> {
        let postgres = at(&super::url(settings)?, settings.store.tls_ca.get());
        Ok(PostgresSettings { is_shared: settings.store.shared, ..postgres })
    }

    fn at(url: &Secret, tls_ca: Option<&Path>) -> PostgresSettings {
        let host = gethostname::gethostname();
        let name = format!("{}, process {}", host.to_string_lossy(), std::process::id());
        let mut postgres = PostgresSettings::new(url.expose(), name);
        postgres.tls_ca = tls_ca.map(Path::to_path_buf);
        postgres
    }
}

#[cfg(not(feature = "postgres"))]
mod driver {
    use super::{
        Cause, DatabaseCause, Path, Report, Secret, Settings, Store, StoreError, StoreTarget,
        StoreWalk,
    };

    pub(crate) fn open(_: &Settings) -> Result<Box<dyn Store>, StoreError> {
        Err(lacking())
    }

    pub(crate) fn look(_: &Settings) -> Result<(String, Vec<String>), StoreError> {
        Err(lacking())
    }

    pub(crate) fn check(_: &Secret, _: Option<&Path>) -> Result<Report, StoreError> {
        Err(lacking())
    }

    pub(crate) fn walk(_: &Secret, _: Option<&Path>) -> Result<Box<dyn StoreWalk>, StoreError> {
        Err(lacking())
    }

    pub(crate) fn target(
        _: &Secret,
        _: Option<&Path>,
        _: &str,
    ) -> Result<Box<dyn StoreTarget>, StoreError> {
        Err(lacking())
    }

    fn lacking() -> StoreError {
        let text =
            "this program was built without PostgreSQL: use one with the feature \"postgres\"";
        let cause = Cause::Database(DatabaseCause::Unfit(text.to_owned()));
        StoreError::new("opening", None, cause)
    }
}
