//! The database that a server stores in, if this program can use one.

use std::{fs, path::Path};

use rialto_config::{Secret, Settings, StoreKind};
use rialto_database::DatabaseSettings;
use rialto_store::{Cause, DatabaseCause, Report, Store, StoreError, StoreTarget, StoreWalk};

/// Makes the driver of a kind of database, which says what it lacks where it was not built in.
macro_rules! driver {
    ($name:ident, $feature:literal, $title:literal, $driver:ident, $store:ident) => {
        mod $name {
            use rialto_database::DatabaseSettings;
            use rialto_store::{Store, StoreError};

            #[cfg(feature = $feature)]
            pub(super) use $driver::{check_connection, check_store, open_target, open_walk};

            #[cfg(feature = $feature)]
            pub(super) fn open(settings: &DatabaseSettings) -> Result<Box<dyn Store>, StoreError> {
                Ok(Box::new($driver::$store::open(settings)?))
            }

            #[cfg(not(feature = $feature))]
            pub(super) fn open(_: &DatabaseSettings) -> Result<Box<dyn Store>, StoreError> {
                Err(super::lacking($title, $feature))
            }

            #[cfg(not(feature = $feature))]
            pub(super) fn check_connection(
                _: &DatabaseSettings,
            ) -> Result<rialto_database::Found, StoreError> {
                Err(super::lacking($title, $feature))
            }

            #[cfg(not(feature = $feature))]
            pub(super) fn open_walk(
                _: &DatabaseSettings,
            ) -> Result<Box<dyn rialto_store::StoreWalk>, StoreError> {
                Err(super::lacking($title, $feature))
            }

            #[cfg(not(feature = $feature))]
            pub(super) fn open_target(
                _: &DatabaseSettings,
                _: &str,
            ) -> Result<Box<dyn rialto_store::StoreTarget>, StoreError> {
                Err(super::lacking($title, $feature))
            }

            #[cfg(not(feature = $feature))]
            pub(super) fn check_store(
                _: &DatabaseSettings,
            ) -> Result<rialto_store::Report, StoreError> {
                Err(super::lacking($title, $feature))
            }
        }
    };
}

driver!(postgres, "postgres", "PostgreSQL", rialto_postgres, PostgresStore);
driver!(mysql, "mysql", "MySQL", rialto_mysql, MysqlStore);

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postgres,
    Mysql,
}

impl Kind {
    fn of(settings: &Settings) -> Self {
        match settings.store.kind {
            StoreKind::Mysql => Kind::Mysql,
            StoreKind::Postgres | StoreKind::Sqlite | StoreKind::Memory => Kind::Postgres,
        }
    }

    fn of_url(url: &Secret) -> Self {
        match url.expose().trim().split_once("://") {
            Some(("mysql" | "mariadb", _)) => Kind::Mysql,
            _ => Kind::Postgres,
        }
    }
}

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

/// Opens the store in the database that these settings name.
pub(crate) fn open(settings: &Settings) -> Result<Box<dyn Store>, StoreError> {
    let named = named(settings)?;
    match Kind::of(settings) {
        Kind::Postgres => postgres::open(&named),
        Kind::Mysql => mysql::open(&named),
    }
}

/// Looks whether the database can be used, and changes nothing there; returns what was found and what should be
/// otherwise.
pub(crate) fn look(settings: &Settings) -> Result<(String, Vec<String>), StoreError> {
    let named = named(settings)?;
    let found = match Kind::of(settings) {
        Kind::Postgres => postgres::check_connection(&named),
        Kind::Mysql => mysql::check_connection(&named),
    }?;
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
    let named = at(url, tls_ca);
    match Kind::of_url(url) {
        Kind::Postgres => postgres::check_store(&named),
        Kind::Mysql => mysql::check_store(&named),
    }
}

/// Begins to read all of a database that no broker uses.
pub(crate) fn walk(url: &Secret, tls_ca: Option<&Path>) -> Result<Box<dyn StoreWalk>, StoreError> {
    let named = at(url, tls_ca);
    match Kind::of_url(url) {
        Kind::Postgres => postgres::open_walk(&named),
        Kind::Mysql => mysql::open_walk(&named),
    }
}

/// Makes a database ready for a copy.
pub(crate) fn target(
    url: &Secret,
    tls_ca: Option<&Path>,
    origin: &str,
) -> Result<Box<dyn StoreTarget>, StoreError> {
    let named = at(url, tls_ca);
    match Kind::of_url(url) {
        Kind::Postgres => postgres::open_target(&named, origin),
        Kind::Mysql => mysql::open_target(&named, origin),
    }
}

fn named(settings: &Settings) -> Result<DatabaseSettings, StoreError> {
    let named = at(&url(settings)?, settings.store.tls_ca.get());
    Ok(DatabaseSettings { is_shared: settings.store.shared, ..named })
}

fn at(url: &Secret, tls_ca: Option<&Path>) -> DatabaseSettings {
    let host = gethostname::gethostname();
    let name = format!("{}, process {}", host.to_string_lossy(), std::process::id());
    let mut settings = DatabaseSettings::new(url.expose(), name);
    settings.tls_ca = tls_ca.map(Path::to_path_buf);
    settings
}

#[cfg(not(all(feature = "postgres", feature = "mysql")))]
fn lacking(title: &str, feature: &str) -> StoreError {
    let text =
        format!("this program was built without {title}: use one with the feature {feature:?}");
    StoreError::new("opening", None, Cause::Database(DatabaseCause::Unfit(text)))
}
