//! A look at damaged pages before they are set aside, from a connection of its own: one that has met a
//! part of the file that it cannot read writes nothing more in the same transaction.

use std::{collections::HashMap, path::Path};

use rialto_domain::{Change, Commit, LogId, Sequence};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    damage::{self, Damage, Record, Unreadable},
    reader::{self, SqliteReader},
};
use crate::Cause;

/// What was found where the changes of a batch set pages aside.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    pages: HashMap<(LogId, Sequence), Finding>,
}

/// A damaged page.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) damage: Damage,
    /// All that can be read of it.
    pub(super) record: Record,
}

impl Inspection {
    /// Looks at the pages that `commits` set aside, if they do.
    pub(super) fn of(commits: &[&Commit], path: &Path) -> Result<Self, Cause> {
        let mut inspection = Inspection::default();
        let changes = commits.iter().flat_map(|commit| &commit.changes);
        let set_aside = changes.filter_map(|change| match change {
            Change::SetAside(_, log, last) => Some((*log, *last)),
            _ => None,
        });
        for (log, last) in set_aside {
            // Anew for each, for the same reason.
            let connection = SqliteReader::connect(path)?;
            if let Some(finding) = find(&connection, log, last)? {
                inspection.pages.insert((log, last), finding);
            }
        }
        Ok(inspection)
    }

    /// Returns what was found of a page.
    pub(super) fn get(&self, log: LogId, last: Sequence) -> Option<&Finding> {
        self.pages.get(&(log, last))
    }
}

/// Looks at a page; one that cannot be read is to stay where it is.
pub(super) fn find(
    connection: &Connection,
    log: LogId,
    last: Sequence,
) -> Result<Option<Finding>, Cause> {
    let id: Option<i64> = connection
        .prepare_cached("SELECT id FROM page WHERE log = ?1 AND last = ?2")?
        .query_one(params![log.0, last], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(None) };
    let reason = match reader::page(connection, id, log, 0..last) {
        Ok(_) => "a reader found it damaged".to_owned(),
        Err(Unreadable::Row(reason)) => reason,
        Err(Unreadable::File(cause)) => {
            let damage = Damage::new(&damage::PAGE, id, &cause.to_string()).hidden();
            let text = format!("id={id} log={} last={last}", log.0);
            return Ok(Some(Finding { damage, record: Record { text, content: None } }));
        }
    };
    let damage = Damage::new(&damage::PAGE, id, &reason);
    Ok(damage.read(connection)?.map(|record| Finding { damage, record }))
}
