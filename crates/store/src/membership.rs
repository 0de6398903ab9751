//! What a store does beyond the first contract where several nodes share it.

use rialto_domain::{ChannelName, Claim, Claimed, Noted, Retained};

use crate::StoreError;

/// One node's part in a store that several nodes share: who owns which client, and what the others commit.
///
/// A driver that has this fulfils the duties of [`Store`](crate::Store) and of its reader on each node, with all nodes'
/// commits in one order for each log, and these:
///
/// # Duties
/// 1. **One owner:** a client is owned by one node at a time. A claim takes it if nobody owns it, its owner is
///    dead or this node itself, or by force; with each claim its epoch rises.
/// 2. **Fenced:** a commit carries out no change on behalf of a client that the batch says this node owns in an epoch that
///    is over; its outcome is [`Lost`](rialto_domain::Outcome::Lost). All other changes of the batch are carried out. A dead node's
///    commits fail, for good. Both are checked with what is written, so that nothing comes between.
/// 3. **Told:** whoever is asked for a client, or loses one by force, finds it in [`poll`](Self::poll).
/// 4. **Leased:** a node whose lease is over by the store's clock is taken for dead as soon as another node renews its
///    own. A node that is dead stays so.
/// 5. **Noted:** `poll` tells of each page that another node committed since this node's membership was asked for, in some call that
///    begins after the commit has returned: its log has grown from a message at or before its first up to its last or
///    beyond. It tells likewise of logs that went and of retained messages, by whichever node.
/// 6. **Retained messages as they are:** what `poll` returns of one is what was there at some moment since it began.
/// 7. **Departures:** sessions that were noted as open on a node that is dead are told to a node that polls
///    [`grace`](Self::poll) later, and become its own. `CloseSession` closes a session only if it is this node's.
///    What is loaded has no sessions.
/// 8. **Clocks only go forward:** a `NoteClock` that is behind what is noted changes nothing.
/// 9. **Handed over:** the outcome of an `AppendDirect` for a client that another living node owns is
///    [`Handed`](rialto_domain::Outcome::Handed).
///
/// [`conformance::check_shared`](crate::conformance::check_shared) tests exactly these.
pub trait Membership: Send {
    /// Prolongs this node's lease, and declares dead those whose lease is over.
    ///
    /// # Errors
    /// [`Permanent`](crate::FailureKind::Permanent) if this node is dead: it is to begin anew as another one.
    fn renew(&mut self) -> Result<(), StoreError>;

    /// Claims clients, all or none; returns what came of each.
    ///
    /// # Errors
    /// Whatever keeps the driver from reaching what it stored, or as for [`renew`](Self::renew).
    fn claim(&mut self, claims: &[Claim]) -> Result<Vec<Claimed>, StoreError>;

    /// Returns what channels retain, as it was at some moment since this was called.
    ///
    /// # Errors
    /// As for [`claim`](Self::claim).
    fn retained(&mut self, channels: &[ChannelName]) -> Result<Vec<Option<Retained>>, StoreError>;

    /// Returns what has happened since the last call that succeeded, or since this membership was asked for.
    ///
    /// # Errors
    /// As for [`claim`](Self::claim). What was not told is told by the next call.
    fn poll(&mut self) -> Result<Noted, StoreError>;
}
