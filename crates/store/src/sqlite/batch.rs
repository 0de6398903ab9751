//! Carries out one batch of changes in one transaction.

use rialto_domain::{
    Change, ChannelName, ClientId, Commit, LogExtent, LogId, Outcome, Page, Sequence, Trim,
};
use rusqlite::{Connection, params};

use super::{
    clients, cursors,
    damage::{self, SetAside},
    heads::{Head, Heads, HeadsDraft},
    history,
    inspection::{self, Finding, Inspection},
    leftovers::{self, Leftovers, LeftoversDraft, WHOLE_LOG},
    pages, records,
    stretches::Journal,
    transaction::Transaction,
};
use crate::Cause;

/// One batch on its way into the file; dropped before [`commit`](Self::commit), it never was.
pub(super) struct Batch<'a> {
    transaction: Transaction<'a>,
    heads: HeadsDraft<'a>,
    leftovers: LeftoversDraft<'a>,
    journal: &'a mut Journal,
    stretches_added: u64,
    /// Damaged records that were set aside.
    told: Vec<SetAside>,
    inspection: &'a Inspection,
    pages_appended: u64,
    bytes_appended: u64,
}

impl<'a> Batch<'a> {
    /// Begins a batch.
    pub(super) fn begin(
        connection: &'a mut Connection,
        heads: &'a mut Heads,
        leftovers: &'a mut Leftovers,
        journal: &'a mut Journal,
        inspection: &'a Inspection,
    ) -> Result<Self, Cause> {
        Ok(Batch {
            transaction: Transaction::begin(connection)?,
            heads: heads.draft(),
            leftovers: leftovers.draft(),
            journal,
            stretches_added: 0,
            told: Vec::new(),
            inspection,
            pages_appended: 0,
            bytes_appended: 0,
        })
    }

    /// Makes the batch last.
    pub(super) fn commit(self) -> Result<(), Cause> {
        self.transaction.commit()?;
        self.heads.keep();
        self.leftovers.keep();
        self.journal.note_added(self.stretches_added);
        damage::tell(&self.told);
        Ok(())
    }

    /// Carries out all changes, and removes some leftovers on the way.
    pub(super) fn carry_out(&mut self, commits: &[&Commit]) -> Result<Vec<Outcome>, Cause> {
        let changes = commits.iter().flat_map(|commit| &commit.changes);
        let outcomes = changes.map(|change| self.apply(change)).collect::<Result<_, _>>()?;
        // Once a log, however many pages it was given.
        for (before, head) in self.heads.changed() {
            self.move_head(before, head)?;
        }
        self.sweep(leftovers::effort_beside(self.pages_appended, self.bytes_appended))?;
        Ok(outcomes)
    }

    /// Removes leftovers worth about `effort`.
    pub(super) fn sweep(&mut self, effort: u64) -> Result<(), Cause> {
        self.leftovers.sweep(&self.transaction, effort)
    }

    /// Writes a log's head, unless somebody else has appended to it; what was damaged may be less.
    fn move_head(&self, before: Head, head: Head) -> Result<(), Cause> {
        let moved = self
            .transaction
            .prepare_cached(
                "UPDATE log SET last = ?2, trimmed = ?3, bytes = ?4 WHERE id = ?1 AND last <= ?5",
            )?
            .execute(params![head.log.0, head.last, head.trimmed, head.bytes, before.last])?;
        if moved == 1 { Ok(()) } else { Err(Cause::ChangedByAnother) }
    }

    fn apply(&mut self, change: &Change) -> Result<Outcome, Cause> {
        match change {
            Change::Append(page) => return self.append(page),
            Change::AppendIfRead(page)
                if 0 < page.count && self.heads.get(&page.channel).is_none() =>
            {
                return Ok(Outcome::Unread);
            }
            Change::AppendIfRead(page) => return self.append(page),
            Change::AppendDirect(client, page) => return self.append_direct(client, page),
            Change::Subscribe(client, channel) => return self.subscribe(client, channel),
            Change::Retain(channel, retained) => {
                records::retain(&self.transaction, channel, retained)?;
            }
            Change::DropRetained(channel) => records::drop_retained(&self.transaction, channel)?,
            Change::PutClient(client, seen) => {
                records::put_client(&self.transaction, client, *seen)?;
            }
            Change::ForgetClient(client) => self.forget(client)?,
            Change::Unsubscribe(client, channel) => self.unsubscribe(client, channel)?,
            Change::MoveCursor(client, channel, floor) => {
                return self.move_cursor(client, channel, *floor);
            }
            Change::Acknowledge(client, channel, stretches) => {
                self.acknowledge(client, channel, stretches)?;
            }
            Change::DropLog(channel) => self.drop_log(channel)?,
            Change::Trim(channel, trim) => return self.trim(channel, trim),
            Change::SetAside(channel, log, last) => return self.set_aside(channel, *log, *last),
            Change::KeepHistory { channel, messages, count_max } => {
                history::keep(&self.transaction, channel, messages, *count_max)?;
            }
            Change::DropHistory(channel) => history::forget(&self.transaction, channel)?,
            Change::OpenSession(client, number) => {
                records::open_session(&self.transaction, client, *number)?;
            }
            Change::CloseSession(client) => records::close_session(&self.transaction, client)?,
            Change::NoteClock(clock) => records::note_clock(&self.transaction, *clock)?,
            // Nobody owns clients where one server has the store.
            Change::Release(_) => {}
        }
        Ok(Outcome::Done)
    }

    fn append(&mut self, page: &Page) -> Result<Outcome, Cause> {
        if page.count == 0 {
            return Err(Cause::EmptyPage);
        }
        let before = self.head_of(&page.channel)?;
        let head = pages::append(&self.transaction, before, page)?;
        self.heads.put(&page.channel, Some(head));
        self.pages_appended += 1;
        self.bytes_appended += head.bytes - before.bytes;
        Ok(Outcome::Appended { log: head.log, first: before.last + 1 })
    }

    fn append_direct(&mut self, client: &ClientId, page: &Page) -> Result<Outcome, Cause> {
        if page.count == 0 {
            return Err(Cause::EmptyPage);
        }
        if !clients::is_known(&self.transaction, client)? {
            return Ok(Outcome::ClientUnknown);
        }
        self.subscribe(client, &page.channel)?;
        self.append(page)
    }

    fn move_cursor(
        &mut self,
        client: &ClientId,
        channel: &ChannelName,
        floor: Sequence,
    ) -> Result<Outcome, Cause> {
        let Some(Head { log, last, .. }) = self.heads.get(channel) else {
            return Ok(Outcome::Done);
        };
        cursors::move_floor(&self.transaction, client, log, last.min(floor))?;
        let slowest = cursors::slowest(&self.transaction, log)?;
        Ok(slowest.map_or(Outcome::Done, |slowest| Outcome::Moved { slowest }))
    }

    fn subscribe(&mut self, client: &ClientId, channel: &ChannelName) -> Result<Outcome, Cause> {
        let head = self.head_of(channel)?;
        cursors::subscribe(&self.transaction, client, head)
    }

    fn unsubscribe(&self, client: &ClientId, channel: &ChannelName) -> Result<(), Cause> {
        let Some(head) = self.heads.get(channel) else { return Ok(()) };
        cursors::remove(&self.transaction, client, head.log)
    }

    fn forget(&self, client: &ClientId) -> Result<(), Cause> {
        for log in self.logs_read_by(client)? {
            cursors::remove(&self.transaction, client, log)?;
        }
        records::forget_client(&self.transaction, client)
    }

    fn acknowledge(
        &mut self,
        client: &ClientId,
        channel: &ChannelName,
        stretches: &[(Sequence, Sequence)],
    ) -> Result<(), Cause> {
        let Some(head) = self.heads.get(channel) else { return Ok(()) };
        self.stretches_added += cursors::acknowledge(&self.transaction, client, head, stretches)?;
        Ok(())
    }

    fn trim(&mut self, channel: &ChannelName, trim: &Trim) -> Result<Outcome, Cause> {
        let head = self.heads.get(channel);
        let meant = head.filter(|head| trim.log.is_none_or(|meant| meant == head.log));
        let Some(before) = meant else { return Ok(Outcome::Done) };
        let (head, extent) = pages::trim(&self.transaction, before, trim)?;
        if before.trimmed < head.trimmed {
            self.heads.put(channel, Some(head));
            self.leftovers.add(&self.transaction, head.log, head.trimmed)?;
        }
        Ok(Outcome::Trimmed(extent))
    }

    fn set_aside(
        &mut self,
        channel: &ChannelName,
        log: LogId,
        last: Sequence,
    ) -> Result<Outcome, Cause> {
        let Some(head) = self.heads.get(channel).filter(|head| head.log == log) else {
            return Ok(Outcome::Done);
        };
        let found_now; // It may have come with this very batch.
        let finding = match self.inspection.get(log, last) {
            Some(finding) => Some(finding),
            None => {
                found_now = inspection::find(&self.transaction, log, last)?;
                found_now.as_ref()
            }
        };
        let Some(Finding { damage, record }) = finding else { return Ok(Outcome::Done) };
        let Some(bytes_before) = pages::bytes_of(&self.transaction, log, last)? else {
            return Ok(Outcome::Done);
        };
        self.told.extend(damage.keep(&self.transaction, record)?);
        let is_gone = pages::bytes_of(&self.transaction, log, last)?.is_none();
        let bytes = head.bytes.saturating_sub(if is_gone { bytes_before } else { 0 });
        self.heads.put(channel, Some(Head { bytes, ..head }));
        let oldest = pages::oldest(&self.transaction, log, head.trimmed)?;
        Ok(Outcome::Trimmed(LogExtent { trimmed: head.trimmed, bytes, oldest }))
    }

    /// Returns the head of the channel's log, made if need be.
    fn head_of(&mut self, channel: &ChannelName) -> Result<Head, Cause> {
        if let Some(head) = self.heads.get(channel) {
            return Ok(head);
        }
        self.transaction
            .prepare_cached("INSERT INTO log (kind, name, last, trimmed) VALUES (0, ?1, 0, 0)")?
            .execute([channel.as_str()])?;
        let id = u64::try_from(self.transaction.last_insert_rowid())
            .expect("AUTOINCREMENT counts from 1 up");
        let head = Head::new(LogId(id));
        self.heads.put(channel, Some(head));
        Ok(head)
    }

    /// Drops a channel's log, unless it has a cursor.
    fn drop_log(&mut self, channel: &ChannelName) -> Result<(), Cause> {
        let Some(Head { log, .. }) = self.heads.get(channel) else { return Ok(()) };
        let dropped = self
            .transaction
            .prepare_cached(
                "DELETE FROM log
                 WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM cursor WHERE log = ?1)",
            )?
            .execute(params![log.0])?;
        if 0 < dropped {
            self.heads.put(channel, None);
            self.leftovers.add(&self.transaction, log, WHOLE_LOG)?;
        }
        Ok(())
    }

    /// Returns the logs that a client reads, but for those whose channel is not known.
    fn logs_read_by(&self, client: &ClientId) -> Result<Vec<LogId>, Cause> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT CAST(log.name AS BLOB), log.id FROM cursor JOIN log ON log.id = cursor.log
             WHERE cursor.owner_kind = 0 AND cursor.owner = ?1",
        )?;
        let mut rows = statement.query(params![client.as_str()])?;
        let mut logs = Vec::new();
        while let Some(row) = rows.next()? {
            if String::from_utf8(row.get(0)?).is_ok() {
                logs.push(LogId(row.get(1)?));
            }
        }
        Ok(logs)
    }
}
