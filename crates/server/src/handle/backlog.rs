//! Dropping what a channel's log holds for those who are behind.

use rialto_domain::{Reject, Sequence};

use super::Handle;
use crate::audit::{Act, word};

/// Messages of a log that are dropped in one go: others that wait for the store get their turn in between.
const DROPPED_AT_ONCE: u64 = 10_000;

impl Handle {
    /// Drops what a channel's log holds up to the message `until`, or all that it holds now: persistent subscribers that
    /// have not acknowledged it go on behind it, whether they are connected or not. Whole pages go, messages that were published
    /// together, so that a few before `until` may stay. Returns how many messages went, `None` if the channel is not in
    /// use. That is stored and synced when this returns.
    ///
    /// # Errors
    /// [`Reject::StoreUnavailable`] when the store cannot drop them now; some may be gone.
    pub async fn purge(
        &self,
        channel: &str,
        until: Option<Sequence>,
    ) -> Result<Option<u64>, Reject> {
        let hub = &self.reloadable.hub;
        let Some(before) = hub.round(|broker| {
            broker.settle();
            broker.backlog(channel)
        }) else {
            return Ok(None);
        };
        let end = until.map_or(before.end, |until| until.min(before.end));
        let mut through = before.head.saturating_sub(1);
        while through < end {
            through = end.min(through.saturating_add(DROPPED_AT_ONCE));
            self.stored(|broker| broker.purge(channel, through)).await?;
        }
        let after = hub.round(|broker| broker.backlog(channel));
        let purged = after.map_or(before.purged, |after| after.purged);
        let event = word::BACKLOG_PURGED;
        self.note(&Act { event, channel: Some(channel), ..Act::default() });
        Ok(Some(purged.saturating_sub(before.purged)))
    }
}
