//! Reads all that a database holds, as of one moment, for whoever looks through it or copies it.

use std::time::Duration;

use rialto_store::{
    Cause, DatabaseCause, Entry, Key, Part, Report, StoreError, StoreWalk, examine,
};
use tokio_postgres::types::ToSql;

use crate::{
    PostgresSettings, address::Address, cause::Trouble, check, link::Link, names::unsigned, schema,
    wait::Moves,
};

mod rows;

pub(crate) use rows::sql;

/// How long one read may take: it may have to find its way through much that is trimmed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Rows that are read in one go.
const ROWS_MAX: i64 = 4096;

/// Records that were set aside, and rows that no log knows of.
const BESIDE: &str = "
    SELECT (SELECT coalesce(sum(cardinality(aside)), 0)::int8 FROM segment),
        (SELECT count(*) FROM segment x WHERE NOT EXISTS (SELECT 1 FROM log l WHERE l.id = x.log)
             AND NOT EXISTS (SELECT 1 FROM gone_log g WHERE g.log = x.log))";

/// A walk through a database.
pub struct PostgresWalk {
    link: Link,
    moves: Moves,
}

impl std::fmt::Debug for PostgresWalk {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PostgresWalk").finish_non_exhaustive()
    }
}

impl PostgresWalk {
    /// Connects to the database that the settings name, whether or not a server uses it.
    ///
    /// # Errors
    /// When it cannot be reached, has no tables, or tables that this release cannot read.
    pub fn open(settings: &PostgresSettings) -> Result<Self, StoreError> {
        let error = |cause| StoreError::new("opening", None, cause);
        let address = Address::of(settings).map_err(|cause| error(Cause::Database(cause)))?;
        let moves = Moves::start().map_err(|refused| error(refused.into()))?;
        let link = moves.wait(settings.patience * 2, open(settings, &address));
        let link = link.unwrap_or_else(|| Err(Trouble::silent(settings.patience * 2)));
        Ok(PostgresWalk { link: link.map_err(|trouble| error(trouble.cause))?, moves })
    }

    fn ask<T>(&self, question: impl Future<Output = Result<T, Trouble>>) -> Result<T, StoreError> {
        let answer = self.moves.wait(PATIENCE, question);
        answer
            .unwrap_or_else(|| Err(Trouble::silent(PATIENCE)))
            .map_err(|trouble| StoreError::new("reading", None, trouble.cause))
    }
}

/// Reads all of a database, whether or not a server uses it, and tells what is not as it was written. Nothing is changed.
///
/// # Errors
/// When it cannot be read to its end.
///
/// # Cost
/// Reads everything once; memory for each log, and for some pages of messages at a time. What servers remove
/// meanwhile takes room until it ends.
pub fn check_store(settings: &PostgresSettings) -> Result<Report, StoreError> {
    let mut walk = PostgresWalk::open(settings)?;
    let mut report = examine(&mut walk)?;
    let rows = walk.ask(walk.link.query(BESIDE, &[]))?;
    let (set_aside, ownerless) =
        rows.first().map_or((0, 0), |row| (unsigned(row, 0), unsigned(row, 1)));
    report.set_aside = set_aside;
    if 0 < ownerless {
        report.find(format!("{ownerless} rows of messages belong to no log"));
    }
    Ok(report)
}

/// Connects, and begins to read.
async fn open(settings: &PostgresSettings, address: &Address) -> Result<Link, Trouble> {
    let link = Link::open(address).await?;
    link.run(&check::session(settings)).await?;
    match schema::version(&link, &settings.schema).await? {
        None => {
            let text =
                "the database holds no store: its tables were never made; is the address right?";
            return Err(DatabaseCause::Unfit(text.to_owned()).into());
        }
        Some((version, oldest)) => schema::require_known(version, oldest)?,
    }
    // Whoever reads may be busy with what was read for a while.
    link.run(
        "SET idle_in_transaction_session_timeout = '10min';
         BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
         SELECT 1 FROM cluster",
    )
    .await?;
    Ok(link)
}

impl StoreWalk for PostgresWalk {
    fn read(
        &mut self,
        part: Part,
        after: Option<&Key>,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let is_start = after.is_none();
        let start = Key { name: Vec::new(), numbers: [i64::MIN; 3] };
        let mut after = after.cloned().unwrap_or(start);
        let bytes_max = i64::try_from(bytes_max).unwrap_or(i64::MAX);
        loop {
            let Key { name, numbers: [first, second, _] } = &after;
            let id = rows::id_bytes(&after, is_start);
            let values: Vec<&(dyn ToSql + Sync)> = match part {
                Part::Counters if is_start => vec![],
                Part::Counters => return Ok(Vec::new()),
                Part::Clients | Part::Sessions => vec![name, &is_start, &ROWS_MAX],
                Part::Retained => vec![name, &is_start, &ROWS_MAX, &bytes_max],
                Part::Logs => vec![first, &ROWS_MAX],
                Part::Cursors => vec![name, first, &ROWS_MAX],
                Part::Pages => vec![first, second, &ROWS_MAX, &bytes_max],
                Part::History => vec![name, first, &id, &ROWS_MAX, &bytes_max],
            };
            let found = self.ask(self.link.query(sql(part), &values))?;
            let Some(last) = found.last() else { return Ok(Vec::new()) };
            let behind = rows::key(part, last);
            let entries: Vec<Entry> =
                found.iter().flat_map(|row| rows::entries(part, row, &after)).collect();
            if !entries.is_empty() {
                return Ok(entries);
            }
            // All of it is set aside.
            after = behind;
        }
    }
}
