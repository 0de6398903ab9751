//! What must outlive a restart: logs of messages, who reads them and how far, retained messages,
//! histories.
//!
//! A store carries out the [`Change`]s the core decided on and keeps what they make; it decides
//! nothing itself. It knows no protocol, no connection and no clock, starts no thread and never
//! waits for a peer: one writer thread owns it, and commits what has gathered as one batch.
//!
//! Read [`Store`] first, whose duties are the contract, then [`StoreReader`]. Two drivers fulfil
//! it: [`MemoryStore`] for brokers that may forget, [`SqliteStore`] for those that may not.
//! [`open`] picks one by [`StoreSettings`]. [`backup`], [`check`] and [`repair`] are for who looks after
//! the second. [`StoreWalk`] reads all that a store holds, for whoever [examines](examine()) it or [copies](copy()) it into
//! a [`StoreTarget`].
//!
//! Several nodes may share a store whose driver has a second side, [`Membership`].
//!
//! Tested by [`conformance`], one suite for every driver, and by random batches that must leave
//! SQLite and memory alike, across restarts; each driver's own dangers are tested beside it.

pub use rialto_domain::FailureKind;
use rialto_domain::{
    Change, ClientId, ClientState, Commit, Load, LogEntry, LogId, Outcome, Sequence, Snapshot,
    StoredClient, StoredId,
};

pub mod conformance;
mod error;
mod examine;
mod latest;
mod membership;
mod memory;
mod original;
mod record;
mod report;
mod settings;
mod sqlite;
mod transfer;
mod walk;

pub use error::{Cause, DatabaseCause, StoreError};
pub use examine::examine;
pub use latest::Latest;
pub use membership::Membership;
pub use memory::{MemoryCluster, MemoryStore};
pub use original::{LeftOut, OriginalWalk};
pub use record::{Entry, Key, Part, Record};
pub use report::{Report, SKIPPED_AT_FAILOVER};
pub use settings::{StoreSettings, open};
pub use sqlite::{
    Durability, GivenUp, Repair, SqliteSettings, SqliteStore, SqliteTarget, SqliteWalk, backup,
    check, repair,
};
pub use transfer::{Copied, Progress, Step, StoreTarget, Sum, copy};
pub use walk::{StoreWalk, walk_part};

/// Keeps what must outlive a restart; owned by the one thread that writes.
///
/// # Duties
/// 1. **Atomic:** after `commit_all` returns `Ok`, every change of every batch has taken effect; after
///    `Err`, none has, and a later commit may well succeed.
/// 2. **Ordered:** batches take effect in call order and changes in batch order, each upon what
///    the one before it made. Outcomes stand where their changes stood.
/// 3. **Lasting:** what a commit returned `Ok` for is there after the store was opened again,
///    also if the process died instead of closing it, unless the driver is one that forgets.
/// 4. **Gap-free:** a log's first message has sequence 1, and each page begins right behind the
///    one before, whatever was trimmed, whichever commit failed, and across restarts.
/// 5. **Logs come and go:** the first `Append` or `Subscribe` makes a channel's log. It goes, with
///    its pages, by a `DropLog` that finds no cursor in it, and by nothing else: whether a log that nobody
///    reads stays is the core's to say.
/// 6. **Ids are never reused:** a log that went and was made anew has an id no log had before.
/// 7. **Subscribing twice is subscribing once:** a new cursor stands behind the log's last
///    message; one that is there stays where it is.
/// 8. **Acknowledging takes nothing back and makes nothing:** a cursor's floor is the highest it was
///    given, its stretches are all it was given, joined where they overlap or touch, as far as they
///    are above the floor and not beyond the log's last message. `MoveCursor` and `Acknowledge`
///    without a cursor change nothing.
/// 9. **Trimming drops whole pages**, the oldest one as long as one of the bounds of [`Trim`](rialto_domain::Trim) has it go;
///    later pages and the numbering stay as they are. The outcome says what the log holds then, and so
///    does what is loaded: where the last page ended that was trimmed, or the log if none is left, the
///    bytes of all pages, and the oldest. A log is not removed by it, and one that is not meant left alone.
/// 10. **Repeatable:** a batch that is given again under its id, alone or with others and before any later
///     one was carried out, is not carried out again: its outcomes are those it had. And a change carried out
///     twice equals once, save those that append; so
///     that it holds for `KeepHistory`, a message's id always comes with the same `logical`.
/// 11. **Empty pages are refused:** a change that appends a page whose `count` is 0 fails the batch for good.
/// 12. **Loading gives back what was committed:** names ascending, pages and histories oldest
///     first, every name, id and payload to the byte.
/// 13. **A history keeps the latest:** `KeepHistory` adds the messages whose id is not there, the
///     first of those that share one, and then drops the oldest beyond `count_max`, by `logical`
///     and then by id, whatever their `at` is; with 0 all of them. A history without messages is none.
/// 14. **Histories stand alone:** `KeepHistory` and `DropHistory` change the history of their
///     channel and nothing else, and nothing else changes a history.
/// 15. **Sessions stand alone:** `OpenSession` notes the number of a client's open session, in
///     place of what was noted before, and `CloseSession` forgets it, if it is there. The client
///     need not be known, and nothing else opens or closes a session.
/// 16. **The clocks are kept as noted:** `NoteClock` notes them in place of what was noted before,
///     and nothing else does; both are 0 until then.
/// 17. **Damage does not spread:** a stored record that is not what was written is left out of what is
///     loaded, and counted there; all others are loaded. A cursor that cannot be where it says stands
///     at the oldest message that is there.
/// 18. **Setting aside:** `SetAside` takes a page out of the log that it names, if both are there: no
///     reader sees it any more, and the outcome says what the log holds then. Other pages and the
///     numbering stay as they are.
/// 19. **Retained messages stand alone:** `Retain` sets the one of its channel in place of what was
///     there, and `DropRetained` forgets it, if there is one; nothing else changes it.
/// 20. **Heads are the whole without clients:** [`Load::Heads`] gives back what [`Load::All`] does,
///     but for clients and cursors; how many cursors a log has, and where the slowest stands, is
///     the same in both.
/// 21. **The slowest is told:** the outcome of a `MoveCursor` on a log that has cursors says where
///     the slowest of them stands then.
/// 22. **Direct messages are for who is known:** `AppendDirect` appends if its client was ever put or
///     has a cursor, and was not forgotten since, and makes its cursor stand before the page if it
///     has none in that log; otherwise it stores nothing and says so.
/// 23. **What nobody reads is not stored:** `AppendIfRead` appends if the channel has a log, and otherwise stores
///     nothing and says so.
///
/// [`conformance::check_all`] tests exactly these; what it does not test is not promised.
pub trait Store: Send {
    /// Returns what the core starts from: all but the messages of logs, or less.
    ///
    /// The core needs it once, before its first commit; later calls are lawful too.
    ///
    /// # Errors
    /// [`FailureKind::Corrupt`] when what is stored cannot be understood.
    fn load(&mut self, load: Load) -> Result<Snapshot, StoreError>;

    /// Carries out batches, one after the other and all or none; returns one outcome a change, in the
    /// order of the batches and of their changes.
    ///
    /// # Errors
    /// [`FailureKind`] says whether the same batches may be tried again.
    fn commit_all(&mut self, commits: &[Commit]) -> Result<Vec<Outcome>, StoreError>;

    /// Carries out a batch that is never given again, and returns one outcome a change.
    ///
    /// # Errors
    /// As [`commit_all`](Self::commit_all).
    fn commit(&mut self, changes: &[Change]) -> Result<Vec<Outcome>, StoreError> {
        self.commit_all(&[Commit { changes: changes.to_vec(), ..Commit::default() }])
    }

    /// Returns an independent reader, for another thread to use while this one commits.
    ///
    /// # Errors
    /// Whatever keeps the driver from reaching what it stored.
    fn reader(&self) -> Result<Box<dyn StoreReader>, StoreError>;

    /// Returns this node's part in a store that several nodes share, for another thread to use while this one
    /// commits; `None` where one server has the store for itself. It is to be asked for before anything is
    /// [loaded](Self::load): what other nodes commit from then on is [noted](Membership::poll).
    ///
    /// # Errors
    /// Whatever keeps the driver from reaching what it stored.
    fn membership(&mut self) -> Result<Option<Box<dyn Membership>>, StoreError> {
        Ok(None)
    }

    /// Tidies up before a graceful stop; nothing is lost without it, but the next start is quicker.
    ///
    /// # Errors
    /// Says what could not be tidied; what was committed is safe nevertheless.
    fn close(&mut self) -> Result<(), StoreError>;
}

/// Reads logs and clients, independently of the thread that writes.
///
/// # Duties
/// 1. **Fresh:** finds everything whose commit has returned `Ok`, and nothing whose commit has not
///    been carried out.
/// 2. **Whole:** never shows a message without those of the same log before it that have not
///    been trimmed or set aside.
/// 3. **Bounded:** returns at least one page if there is any, and no more once the bytes of their
///    payloads pass `bytes_max`.
/// 4. **Gone is gone:** a log that went, or never was, has no pages.
/// 5. **Faithful:** payloads come back to the byte, or not at all.
/// 6. **Damage is told, and hides nothing:** a page that is not what was written is an entry that says
///    so, in its place among those that are, from behind the page before it to its last message.
/// 7. **A client is whole:** what is read of one is as of one moment, and is what [`Load::All`] gives
///    back of it. Known is who was put or has a cursor, and was not forgotten since.
/// 8. **Nobody is left out** of a list of clients, or of ids, who was known when it was asked for.
pub trait StoreReader: Send {
    /// Returns the pages of `log` whose last message is at or above `from`, in order, the damaged ones
    /// as such.
    ///
    /// # Errors
    /// [`FailureKind::Corrupt`] when it cannot even be told which pages there are.
    fn read(
        &mut self,
        log: LogId,
        from: Sequence,
        bytes_max: usize,
    ) -> Result<Vec<LogEntry>, StoreError>;

    /// Returns what is stored about a client; `None` if it is not known.
    ///
    /// # Errors
    /// Whatever keeps the driver from reaching what it stored.
    fn client(&mut self, id: &ClientId) -> Result<Option<ClientState>, StoreError>;

    /// Returns the first known clients behind the id `after`, by id.
    ///
    /// # Errors
    /// Whatever keeps the driver from reaching what it stored.
    fn clients(
        &mut self,
        after: &ClientId,
        count_max: usize,
    ) -> Result<Vec<StoredClient>, StoreError>;

    /// Returns the ids of the first known clients behind the id `after`, by id.
    ///
    /// # Cost
    /// A row for each client and for each of its cursors: far less than a list of them.
    ///
    /// # Errors
    /// Whatever keeps the driver from reaching what it stored.
    fn ids(&mut self, after: &ClientId, count_max: usize) -> Result<Vec<StoredId>, StoreError>;
}
