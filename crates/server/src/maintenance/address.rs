//! Which store a command is about.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use rialto_config::{Secret, Settings, StoreKind};
use rialto_store::StoreError;

use crate::database;

/// Where a store is.
#[derive(Debug, Clone)]
pub enum StoreAddress {
    /// A broker's data directory, or a copy's file.
    Files(PathBuf),
    /// A database.
    Database {
        /// Its URL, which may hold a password.
        url: Secret,
        /// Certificates of the authorities to trust for it, instead of the system's.
        tls_ca: Option<PathBuf>,
    },
}

impl StoreAddress {
    /// Returns the store of these settings.
    ///
    /// # Errors
    /// If the file that holds the URL of its database cannot be read.
    pub fn of(settings: &Settings) -> Result<Self, StoreError> {
        match settings.store.kind {
            StoreKind::Mysql | StoreKind::Postgres => Ok(StoreAddress::Database {
                url: database::url(settings)?,
                tls_ca: settings.store.tls_ca.get().map(Path::to_path_buf),
            }),
            StoreKind::Sqlite | StoreKind::Memory => {
                Ok(StoreAddress::Files(settings.server.data_dir.clone()))
            }
        }
    }

    /// Understands a path, also as in `sqlite:DIRECTORY`, or the URL of a database, whose certificate is to be of one of the
    /// authorities in `tls_ca`.
    ///
    /// # Errors
    /// A sentence about a URL of something that is no store.
    pub fn parse(text: &str, tls_ca: Option<&Path>) -> Result<Self, String> {
        let path = text.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
        match (path, text.split_once("://")) {
            (Some(path), _) => Ok(StoreAddress::Files(path.into())),
            (None, None) => Ok(StoreAddress::Files(text.into())),
            (None, Some(("postgres" | "postgresql" | "mysql" | "mariadb", _))) => {
                Ok(StoreAddress::Database {
                    url: Secret::new(text),
                    tls_ca: tls_ca.map(Path::to_path_buf),
                })
            }
            (None, Some((scheme, _))) => Err(format!(
                "there are no stores with addresses that begin with {scheme}://: use a path, \
                 postgres://user:password@host:5432/database, or mysql://user:password@host:3306/database"
            )),
        }
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreAddress::Files(path) => path.display().fmt(out),
            StoreAddress::Database { url, .. } => out.write_str(&without_secrets(url.expose())),
        }
    }
}

/// Returns a URL without who asks, and without its parameters.
fn without_secrets(url: &str) -> String {
    let url = url.trim();
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let rest = rest.split('?').next().unwrap_or_default();
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{place}")
}

#[cfg(test)]
mod tests {
    use super::StoreAddress;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        for (given, shown) in [
            ("postgres://ada:p@ss@db:5432/rialto?password=pass", "postgres://db:5432/rialto"),
            ("postgresql://db/rialto", "postgresql://db/rialto"),
            ("mysql://ada:secret@db/rialto?ssl-mode=disabled", "mysql://db/rialto"),
            ("sqlite:data", "data"),
            ("sqlite:///var/lib/rialto", "/var/lib/rialto"),
            ("data/rialto.db", "data/rialto.db"),
        ] {
            assert_eq!(StoreAddress::parse(given, None).unwrap().to_string(), shown);
        }
        assert!(StoreAddress::parse("redis://db/0", None).is_err());
    }
}
