//! Whether a database is fit to keep what is acknowledged.

use std::time::SystemTime;

use rialto_database::{DatabaseSettings, Found, Trouble, clock_warning, look, unfit};
use rialto_store::{Cause, StoreError};

use crate::{address::Address, link::PostgresLink, schema};

/// The oldest server that can be used.
const VERSION_MIN: i32 = 150_000;

/// Connects to the database that the settings name and looks whether it can be used; changes nothing there.
///
/// # Errors
/// Why it cannot be used.
pub fn check_connection(settings: &DatabaseSettings) -> Result<Found, StoreError> {
    let error = |cause| StoreError::new("looking at the database", None, cause);
    let address = Address::of(settings).map_err(|cause| error(Cause::Database(cause)))?;
    look(settings.patience * 2, async {
        let link = PostgresLink::open(&address).await?;
        link.run(&session(settings)).await?;
        let warnings = fitness(&link).await?;
        let rows = link.query("SELECT current_setting('server_version')", &[]).await?;
        let server = rows.first().map(|row| row.get(0)).unwrap_or_default();
        let server: &str = server;
        let version = schema::version(&link, &settings.schema).await?;
        if version.is_none() {
            may_create(&link, settings).await?;
        }
        let is_encrypted = address.tls.is_some();
        Ok(Found {
            server: format!("PostgreSQL {server}"),
            is_encrypted,
            schema_version: version.map(|(version, _)| version),
            warnings,
        })
    })
}

/// Returns what a session is set to.
pub(crate) fn session(settings: &DatabaseSettings) -> String {
    // What waits for a lock gives up before we do; what we left behind lets go of its locks by itself. The planner uses
    // keys, also where it knows nothing of the tables yet. No limit for statements: one would end the wait
    // for a standby, after which a commit counts as done.
    // Nobody waits for the locks of a node that stands still longer than its lease.
    let idle = if settings.is_shared { "2s" } else { "10s" };
    format!(
        "SET search_path TO {}, pg_catalog;
         SET lock_timeout = '3s';
         SET idle_in_transaction_session_timeout = '{idle}';
         SET client_connection_check_interval = '2s';
         SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
         SET default_transaction_isolation = 'read committed'",
        schema::quoted(&settings.schema)
    )
}

/// Refuses a server that does not keep what it commits; returns what should be otherwise.
pub(crate) async fn fitness(link: &PostgresLink) -> Result<Vec<String>, Trouble> {
    let began = SystemTime::now();
    let rows = link
        .query(
            "SELECT current_setting('server_version_num')::int4, current_setting('fsync'),
                 current_setting('full_page_writes'), current_setting('synchronous_commit'),
                 current_setting('synchronous_standby_names'),
                 (SELECT count(*) FROM pg_stat_replication),
                 (extract(epoch FROM clock_timestamp()) * 1000000)::int8",
            &[],
        )
        .await?;
    let now = SystemTime::now();
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    if row.get::<_, i32>(0) < VERSION_MIN {
        return Err(unfit("the database server is older than PostgreSQL 15: use 15 or later"));
    }
    if row.get::<_, &str>(1) == "off" {
        return Err(unfit(
            "the database server has fsync = off, so that what is acknowledged may be lost: turn it on",
        ));
    }
    let mut warnings = Vec::new();
    if row.get::<_, &str>(2) == "off" {
        warnings.push(
            "the database server has full_page_writes = off: unless its file system never writes a \
             part of a page, turn it on"
                .to_owned(),
        );
    }
    let commit: &str = row.get(3);
    if commit == "off" {
        link.run("SET synchronous_commit = on").await?;
        warnings.push(
            "synchronous_commit is off for the store's role: Rialto uses on for its own sessions"
                .to_owned(),
        );
    }
    if 0 < row.get::<_, i64>(5) && (row.get::<_, &str>(4).is_empty() || commit == "local") {
        warnings.push(
            "the database has standbys that it does not wait for: a failover may lose acknowledged \
             messages (docs/stores.md)"
                .to_owned(),
        );
    }
    warnings.extend(clock_warning(began, now, row.get(6)));
    Ok(warnings)
}

/// Refuses a role that could not make the tables.
async fn may_create(link: &PostgresLink, settings: &DatabaseSettings) -> Result<(), Trouble> {
    let rows = link
        .query(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)
                 THEN has_schema_privilege($1, 'CREATE')
                 ELSE has_database_privilege(current_database(), 'CREATE') END",
            &[&settings.schema],
        )
        .await?;
    match rows.first() {
        Some(row) if !row.get::<_, bool>(0) => Err(unfit(
            "the store's role may not make the tables: GRANT CREATE ON DATABASE … TO it, or make the \
             schema and let it own that (docs/stores.md)",
        )),
        _ => Ok(()),
    }
}
