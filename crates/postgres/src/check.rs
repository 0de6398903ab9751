//! Whether a database is fit to keep what is acknowledged.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rialto_store::{Cause, DatabaseCause, StoreError};

use crate::{PostgresSettings, address::Address, cause::Trouble, link::Link, schema, wait::Moves};

/// The oldest server that can be used.
const VERSION_MIN: i32 = 150_000;

/// How far apart the clocks may be before that is told of.
const CLOCK_DIFFERENCE_MAX: Duration = Duration::from_millis(500);

/// How a database was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The server's version, as it says it.
    pub server: String,
    /// Whether what is sent is encrypted.
    pub is_encrypted: bool,
    /// The version of the tables; `None` if they are still to be made.
    pub schema_version: Option<i32>,
    /// What should be otherwise; one sentence each.
    pub warnings: Vec<String>,
}

/// Connects to the database that the settings name and looks whether it can be used; changes nothing there.
///
/// # Errors
/// Why it cannot be used.
pub fn check_connection(settings: &PostgresSettings) -> Result<Found, StoreError> {
    let error = |cause| StoreError::new("looking at the database", None, cause);
    let address = Address::of(settings).map_err(|cause| error(Cause::Database(cause)))?;
    let moves = Moves::start().map_err(|refused| error(refused.into()))?;
    let look = async {
        let link = Link::open(&address).await?;
        link.run(&session(settings)).await?;
        let warnings = fitness(&link).await?;
        let rows = link.query("SELECT current_setting('server_version')", &[]).await?;
        let server = rows.first().map(|row| row.get(0)).unwrap_or_default();
        let version = schema::version(&link, &settings.schema).await?;
        if version.is_none() {
            may_create(&link, settings).await?;
        }
        let is_encrypted = address.tls.is_some();
        Ok(Found {
            server,
            is_encrypted,
            schema_version: version.map(|(version, _)| version),
            warnings,
        })
    };
    let found = moves.wait(settings.patience * 2, look);
    let found = found.unwrap_or_else(|| Err(Trouble::silent(settings.patience * 2)));
    found.map_err(|trouble: Trouble| error(trouble.cause))
}

/// Returns what a session is set to.
pub(crate) fn session(settings: &PostgresSettings) -> String {
    // What waits for a lock gives up before we do; what we left behind lets go of its locks by itself. The planner uses
    // keys, also where it knows nothing of the tables yet. No limit for statements: one would end the wait
    // for a standby, after which a commit counts as done.
    format!(
        "SET search_path TO {}, pg_catalog;
         SET lock_timeout = '3s';
         SET idle_in_transaction_session_timeout = '10s';
         SET client_connection_check_interval = '2s';
         SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
         SET default_transaction_isolation = 'read committed'",
        schema::quoted(&settings.schema)
    )
}

/// Refuses a server that does not keep what it commits; returns what should be otherwise.
pub(crate) async fn fitness(link: &Link) -> Result<Vec<String>, Trouble> {
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

/// Compares the database's clock with ours, as read before and after the question.
fn clock_warning(before: SystemTime, after: SystemTime, there_us: i64) -> Option<String> {
    let there = UNIX_EPOCH + Duration::from_micros(there_us.max(0).unsigned_abs());
    let ahead = there.duration_since(after).unwrap_or_default();
    let behind = before.duration_since(there).unwrap_or_default();
    let difference = ahead.max(behind);
    (CLOCK_DIFFERENCE_MAX < difference).then(|| {
        format!(
            "the database's clock is {:.1} s {} this machine's: set one of them right",
            difference.as_secs_f32(),
            if ahead < behind { "behind" } else { "ahead of" }
        )
    })
}

/// Refuses a role that could not make the tables.
async fn may_create(link: &Link, settings: &PostgresSettings) -> Result<(), Trouble> {
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

fn unfit(sentence: &str) -> Trouble {
    DatabaseCause::Unfit(sentence.to_owned()).into()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::clock_warning;

    #[test]
    fn a_clock_far_off_is_told_of() {
        let (before, after) =
            (UNIX_EPOCH + Duration::from_secs(100), UNIX_EPOCH + Duration::from_secs(103));
        let told = |there_ms: i64| clock_warning(before, after, there_ms * 1000);
        assert_eq!(told(99_600), None);
        assert_eq!(told(103_400), None);
        assert!(told(90_000).is_some_and(|text| text.contains("10.0 s behind")));
        assert!(told(113_000).is_some_and(|text| text.contains("10.0 s ahead of")));
    }
}
