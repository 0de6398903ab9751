//! How a database is used as a store.

use std::{fmt, path::PathBuf, time::Duration};

/// How a database is used as a store.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// Where it is and who asks, as in `postgres://user:password@host:5432/database`. Several hosts: the first that
    /// can be written to.
    pub url: String,
    /// Certificates of the authorities to trust, PEM; those of the system if there is none.
    pub tls_ca: Option<PathBuf>,
    /// What this server is called, to people.
    pub name: String,
    /// The schema that holds the tables.
    pub schema: String,
    /// How long after its last sign of life a server is taken for dead, and another may use the database.
    pub lease: Duration,
    /// How long one call may take before the connection is given up.
    pub patience: Duration,
    /// Whether other servers use the database, too, that are set up alike.
    pub is_shared: bool,
}

impl DatabaseSettings {
    /// Returns the settings of a server with this name, for the database at `url`.
    #[must_use]
    pub fn new(url: impl Into<String>, name: impl Into<String>) -> Self {
        DatabaseSettings {
            url: url.into(),
            tls_ca: None,
            name: name.into(),
            schema: "rialto".to_owned(),
            lease: Duration::from_secs(6),
            patience: Duration::from_secs(5),
            is_shared: false,
        }
    }
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL, which holds a password.
        out.debug_struct("DatabaseSettings")
            .field("name", &self.name)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
