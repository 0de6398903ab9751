//! Takes in what another store holds.

use std::time::{Duration, Instant};

use rialto_domain::{LogId, Page, Sequence};
use rialto_store::{Cause, DatabaseCause, Progress, Record, StoreError, StoreTarget, StoreWalk};

use crate::{
    cause::Trouble,
    database::Database,
    join::join,
    link::Link,
    node::Node,
    row::id,
    segment::Draft,
    state::under_way,
    statement::{ClientStatement, Control, RecordStatement, Statement},
    transfer::{CopiedLog, CopiedSegment, TransferStatement},
    wait::{Moves, wait},
    walk::DatabaseWalk,
};

/// How long writing a portion may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long making the tables may take.
const SCHEMA_PATIENCE: Duration = Duration::from_secs(600);

/// Pages that follow each other stand in one row up to so many bytes.
const SEGMENT_BYTES: usize = 64 << 10;

/// A database on its way to become a store.
pub struct DatabaseTarget<D: Database> {
    database: D,
    link: D::Link,
    node: Node,
    renewed: Instant,
    progress: Option<Progress>,
    moves: Moves,
}

impl<D: Database> std::fmt::Debug for DatabaseTarget<D> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let settings = self.database.settings();
        out.debug_struct("DatabaseTarget").field("settings", settings).finish_non_exhaustive()
    }
}

impl<D: Database> DatabaseTarget<D> {
    /// Connects to a database, makes the tables, and begins a copy of `origin`, or takes up the one that was cut off.
    ///
    /// # Errors
    /// When the database cannot be used, another server or copy uses it, or it holds something.
    pub fn open(database: D, origin: &str) -> Result<Self, StoreError> {
        let moves = Moves::start().map_err(|refused| failed(refused.into()))?;
        let opened = open(&database, &moves, origin);
        let (link, node, progress) = opened.map_err(|trouble| failed(trouble.cause))?;
        Ok(DatabaseTarget { database, link, node, renewed: Instant::now(), progress, moves })
    }

    fn write(&mut self, statements: Vec<Statement<'_>>) -> Result<(), StoreError> {
        let settings = self.database.settings();
        let is_due = settings.lease / 3 <= self.renewed.elapsed();
        let renewal = Control::Renew { node: self.node, lease: settings.lease };
        let began = Instant::now();
        let work = async {
            if is_due && self.link.ask(renewal).await?.is_empty() {
                return Err(DatabaseCause::TakenOver.into());
            }
            write(&mut self.link, self.node, statements).await
        };
        wait(&self.moves, PATIENCE, work).map_err(|trouble| failed(trouble.cause))?;
        if is_due {
            self.renewed = began;
        }
        Ok(())
    }
}

fn failed(cause: Cause) -> StoreError {
    StoreError::new("copying to the database", None, cause)
}

/// Connects, takes the right to write, and finds out how far the copy has come.
fn open<D: Database>(
    database: &D,
    moves: &Moves,
    origin: &str,
) -> Result<(D::Link, Node, Option<Progress>), Trouble> {
    let connecting = database.settings().patience * 2;
    let (mut link, warnings) = wait(moves, connecting, database.connect())?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    wait(moves, SCHEMA_PATIENCE, database.make_tables(&mut link))?;
    let node = join(database, &mut link, moves)?;
    let progress = wait(moves, PATIENCE, begin(&mut link, node, origin))?;
    Ok((link, node, progress))
}

/// Begins a copy, or takes up the one that is under way.
async fn begin<L: Link>(
    link: &mut L,
    node: Node,
    origin: &str,
) -> Result<Option<Progress>, Trouble> {
    if let Some((found, progress)) = under_way(link).await? {
        return if found == origin {
            Ok(progress)
        } else {
            Err(Trouble::plain(Cause::Unfinished { origin: found }))
        };
    }
    let is_empty = link.ask(TransferStatement::IsEmpty).await?;
    if is_empty.first().is_none_or(|row| id(row, 0) != 1) {
        return Err(Trouble::plain(Cause::NotEmpty));
    }
    write(link, node, vec![TransferStatement::Begin { origin }.into()]).await?;
    Ok(None)
}

/// Carries statements out in one transaction.
async fn write<L: Link>(
    link: &mut L,
    node: Node,
    statements: Vec<Statement<'_>>,
) -> Result<(), Trouble> {
    let begin = [Control::Begin.into(), Control::Fence(node).into()];
    let rows = link.all(begin.into_iter().chain(statements).collect()).await?;
    if rows.get(1).is_none_or(Vec::is_empty) {
        link.roll_back().await?;
        return Err(DatabaseCause::TakenOver.into());
    }
    link.ask(Control::Commit).await?;
    Ok(())
}

impl<D: Database> StoreTarget for DatabaseTarget<D> {
    fn progress(&self) -> Option<&Progress> {
        self.progress.as_ref()
    }

    fn put(&mut self, records: &[Record], progress: &Progress) -> Result<(), StoreError> {
        let mut statements = statements(records, self.node, self.link.append_bytes_max());
        statements.push(TransferStatement::Note(progress).into());
        self.write(statements)?;
        self.progress = Some(progress.clone());
        Ok(())
    }

    fn walk(&mut self) -> Result<Box<dyn StoreWalk>, StoreError> {
        Ok(Box::new(DatabaseWalk::through(&self.database)?))
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        self.write(vec![TransferStatement::Finish.into()])
    }
}

impl<D: Database> Drop for DatabaseTarget<D> {
    fn drop(&mut self) {
        let leave = self.link.ask(Control::Leave(self.node));
        if let Err(trouble) = wait(&self.moves, self.database.settings().patience, leave) {
            tracing::debug!(cause = %trouble.cause, "the database was not told that the copy has ended");
        }
    }
}

/// Returns what writes records.
fn statements(records: &[Record], node: Node, bytes_max: usize) -> Vec<Statement<'_>> {
    let mut statements = Vec::new();
    let (mut clients, mut logs, mut cursors) = (Vec::new(), Vec::new(), Vec::new());
    let (mut retained, mut history, mut sessions) = (Vec::new(), Vec::new(), Vec::new());
    let mut pages = Segments::default();
    for record in records {
        match record {
            Record::Counters { clock, log_id_last } => {
                statements.push(RecordStatement::NoteClock(*clock).into());
                statements.push(TransferStatement::GiveIds { last: *log_id_last }.into());
            }
            Record::Client(client, seen) => clients.push((client, *seen)),
            Record::Log { log, channel, last, trimmed, .. } => {
                let (log, last, trimmed) = (*log, *last, *trimmed);
                logs.push(CopiedLog { log, channel, last, trimmed });
            }
            Record::Page { log, served, page } => pages.add(
                *log,
                page.first,
                &Page {
                    channel: "".into(),
                    publisher: page.publisher.clone(),
                    at: page.at,
                    served: *served,
                    count: page.count,
                    payloads: page.payloads.clone(),
                },
            ),
            Record::Cursor { client, log, state } => cursors.push((client, *log, state)),
            Record::Retained(channel, message) => retained.push((channel, message)),
            Record::History(channel, message) => history.push((channel, message)),
            Record::Session(client, number) => sessions.push((client, *number)),
        }
    }
    push(&mut statements, clients, ClientStatement::Put);
    push(&mut statements, logs, |logs| TransferStatement::Logs { logs, node });
    for segments in pages.finish(bytes_max) {
        statements.push(TransferStatement::Segments { segments, node }.into());
    }
    push(&mut statements, cursors, TransferStatement::Cursors);
    push(&mut statements, retained, RecordStatement::Retain);
    push(&mut statements, history, RecordStatement::AddHistory);
    push(&mut statements, sessions, |sessions| RecordStatement::OpenSessions { sessions, node });
    statements
}

/// Adds a statement about many, if there are any.
fn push<'a, T, S: Into<Statement<'a>>>(
    statements: &mut Vec<Statement<'a>>,
    all: Vec<T>,
    statement: impl FnOnce(Vec<T>) -> S,
) {
    if !all.is_empty() {
        statements.push(statement(all).into());
    }
}

/// Pages, gathered in rows as long as each follows upon the one before.
#[derive(Default)]
struct Segments {
    done: Vec<CopiedSegment>,
    draft: Option<(LogId, Sequence, Draft)>,
}

impl Segments {
    /// Adds a page, by the number of its first message.
    fn add(&mut self, log: LogId, first: Sequence, page: &Page) {
        let follows = |(one, last, draft): &(LogId, Sequence, Draft)| {
            *one == log && last + 1 == first && draft.bytes() < SEGMENT_BYTES
        };
        if !self.draft.as_ref().is_some_and(follows) {
            self.close();
        }
        let (_, last, draft) =
            self.draft.get_or_insert_with(|| (log, first.saturating_sub(1), Draft::default()));
        draft.add(page);
        *last += u64::from(page.count);
    }

    fn close(&mut self) {
        let Some((log, last, draft)) = self.draft.take() else { return };
        let count = draft.count;
        let (pages, body) = draft.finish();
        self.done.push(CopiedSegment { log, last, count, pages, body });
    }

    /// Returns all rows, in groups of so many bytes; one that has more is alone.
    fn finish(mut self, bytes_max: usize) -> Vec<Vec<CopiedSegment>> {
        self.close();
        let mut groups: Vec<Vec<CopiedSegment>> = Vec::new();
        let mut bytes = 0;
        for segment in self.done {
            let more = segment.body.len() + segment.pages.len();
            match groups.last_mut().filter(|_| bytes + more <= bytes_max) {
                Some(group) => group.push(segment),
                None => {
                    bytes = 0;
                    groups.push(vec![segment]);
                }
            }
            bytes += more;
        }
        groups
    }
}
