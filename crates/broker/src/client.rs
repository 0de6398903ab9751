//! What the core knows of a client and of a connection.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use rialto_domain::{
    Admission, Announcement, ClientId, CloseReason, Epoch, ForcedSubscription, Rights, Seen, UnixMs,
};

use crate::{
    ChannelKey, ClientKey, ConnectionKey, ConnectionProfile, cursor::Cursor, detached::Detached,
    rate::Rates, sorted_map::SortedMap,
};

/// Live pushes may always be this many unacknowledged, however small the window of stored ones is:
/// they come in bursts that the client cannot slow.
const LIVE_UNACKNOWLEDGED_MIN: u32 = 1000;

/// A moment, as the caller sees it. The core never reads a clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Now {
    /// Time since the broker started in which it could hear its peers: it stands still while the
    /// process is stopped. Never goes back. All that lasts is measured by it.
    pub uptime: Duration,
    /// Wall clock, which may step at any time, either way: to be shown, and nothing else.
    pub unix_ms: UnixMs,
}

/// A client that is connected, or that is remembered.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    pub(crate) connection: Option<ConnectionKey>,
    pub(crate) subscriptions: SortedMap<ChannelKey, Subscription>,
    /// Its own `#` channel, once a QoS 1 message was sent there.
    pub(crate) direct_channel: Option<ChannelKey>,
    /// In which epoch this node owns it; 0 where no other node could.
    pub(crate) epoch: Epoch,
    /// Whether it is known only while it is connected.
    pub(crate) is_transient: bool,
    /// Whether it counts as there for those who hear who comes and goes: taken over, it neither
    /// went nor came.
    pub(crate) is_announced: bool,
    /// There while it is lost, and until it got what it missed.
    pub(crate) detached: Option<Box<Detached>>,
    pub(crate) last_seen: Seen,
    /// Whether the store does not know `last_seen` yet.
    pub(crate) dirty: bool,
    /// Lazy writes about it and its cursors that the store has not answered yet.
    pub(crate) writes_under_way: u32,
    /// Channels its subscription to which is changing: in the store, and not yet committed.
    pub(crate) changing: SortedMap<ChannelKey, Changing>,
    /// Channels the server subscribed it to, whatever its rights are; few clients have any.
    #[expect(
        clippy::box_collection,
        reason = "few clients have any: a pointer instead of a set each"
    )]
    server_assigned: Option<Box<BTreeSet<ChannelKey>>>,
}

/// Changes of one subscription that are under way.
#[derive(Debug)]
pub(crate) struct Changing {
    count: u32,
    /// Whether the last of them is a subscribe.
    ends_subscribed: bool,
}

/// How a client is subscribed to a channel.
#[derive(Debug)]
pub(crate) enum Subscription {
    /// Until the session ends.
    Session,
    /// Until the client unsubscribes.
    Persistent(Box<Cursor>),
}

impl Subscription {
    /// Returns the cursor of a persistent one.
    pub(crate) fn cursor(&self) -> Option<&Cursor> {
        match self {
            Subscription::Persistent(cursor) => Some(cursor),
            Subscription::Session => None,
        }
    }
}

/// One connection, from the moment its carrier is known.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Its `unacknowledged_max` is the window of a persistent subscription.
    pub(crate) profile: ConnectionProfile,
    pub(crate) client: Option<ClientKey>,
    pub(crate) opened: Duration,
    pub(crate) last_heard: Duration,
    /// Whether it was asked for a sign of life since then.
    pub(crate) is_pinged: bool,
    /// QoS 1 pushes of subscriptions that end with the session.
    pub(crate) live_unacknowledged: u32,
    /// Bytes of stored messages on their way to it, over all its cursors.
    pub(crate) window_bytes: u64,
    /// Channels whose cursor waits because `window_bytes` left no room.
    pub(crate) waiting: Vec<ChannelKey>,
    /// Memory of what this publisher waits for the store to commit.
    pub(crate) uncommitted_bytes: usize,
    /// The channel it published to last: publishers seldom change.
    pub(crate) last_channel: Option<ChannelKey>,
    /// Whether its rights allow publishing to `last_channel`; asked once.
    pub(crate) is_last_permitted: bool,
    /// Why it is to be closed, once an effect to close it was made.
    pub(crate) closing: Option<CloseReason>,
    /// What its client may do; without, everything.
    pub(crate) rights: Option<Arc<dyn Rights>>,
    /// What it has left of the limits on how often it may publish.
    pub(crate) rates: Rates,
    /// Whether it is not read for now, because somebody decides on what it sent.
    pub(crate) is_held: bool,
    /// Messages that its client published, refused ones included.
    pub(crate) published_count: u64,
    /// Number of the session it carries.
    pub(crate) session: u64,
    /// What the server is still to do at the beginning of its session. Apart, since few have any, and not
    /// for long.
    pub(crate) beginning: Option<Box<Beginning>>,
    /// Channels whose retained messages its client is still to get at the beginning of its session,
    /// the next one last.
    pub(crate) due: Vec<ChannelKey>,
}

/// What the server does at the beginning of a session.
#[derive(Debug, Default)]
pub(crate) struct Beginning {
    /// What its client is subscribed to.
    pub(crate) subscriptions: Vec<ForcedSubscription>,
    /// What is published then.
    pub(crate) announcements: Vec<Announcement>,
}

impl Beginning {
    /// Returns what an admission brings; `None` if that is nothing.
    pub(crate) fn of(admission: &Admission) -> Option<Box<Self>> {
        let Admission { subscriptions, announcements, .. } = admission;
        let is_any = !subscriptions.is_empty() || !announcements.is_empty();
        is_any.then(|| {
            let (subscriptions, announcements) = (subscriptions.clone(), announcements.clone());
            Box::new(Beginning { subscriptions, announcements })
        })
    }
}

impl Client {
    pub(crate) fn new(id: ClientId, last_seen: Seen) -> Self {
        Client {
            id,
            connection: None,
            subscriptions: SortedMap::default(),
            direct_channel: None,
            is_transient: false,
            is_announced: false,
            detached: None,
            last_seen,
            dirty: false,
            writes_under_way: 0,
            epoch: 0,
            changing: SortedMap::default(),
            server_assigned: None,
        }
    }

    /// Says whether nothing but the client's own direct channel speaks for remembering it.
    pub(crate) fn is_forgettable(&self) -> bool {
        let only_direct =
            self.subscriptions.keys().all(|channel| Some(channel) == self.direct_channel);
        self.connection.is_none() && self.changing.is_empty() && only_direct
    }

    /// Says whether the store holds all that is known of it, and nothing about it is under way, so that
    /// it need not be in memory.
    pub(crate) fn is_settled(&self) -> bool {
        let is_stored = |kind: &Subscription| match kind {
            Subscription::Persistent(cursor) => cursor.is_settled(),
            Subscription::Session => false,
        };
        self.connection.is_none()
            && self.detached.is_none()
            && !(self.is_transient || self.is_announced || self.dirty)
            && self.writes_under_way == 0
            && self.changing.is_empty()
            && self.server_assigned.is_none()
            && self.subscriptions.iter().all(|(_, kind)| is_stored(kind))
    }

    /// Says whether the server subscribed it to `channel`, whatever its rights are.
    pub(crate) fn is_server_assigned(&self, channel: ChannelKey) -> bool {
        self.server_assigned.as_ref().is_some_and(|assigned| assigned.contains(&channel))
    }

    /// Notes that the server subscribes it to `channel`.
    pub(crate) fn note_assigned(&mut self, channel: ChannelKey) {
        self.server_assigned.get_or_insert_default().insert(channel);
    }

    /// Notes that its subscription to `channel` has ended, whoever made it.
    pub(crate) fn note_not_assigned(&mut self, channel: ChannelKey) {
        self.retain_server_assigned(|_, assigned| *assigned != channel);
    }

    /// Forgets what the server subscribed it to where that has ended, and does not begin again.
    pub(crate) fn keep_server_assigned_where_subscribed(&mut self) {
        self.retain_server_assigned(|client, assigned| {
            client.subscriptions.contains_key(assigned) || client.changing.contains_key(assigned)
        });
    }

    fn retain_server_assigned(&mut self, is_kept: impl Fn(&Self, &ChannelKey) -> bool) {
        let Some(mut assigned) = self.server_assigned.take() else { return };
        assigned.retain(|channel| is_kept(self, channel));
        self.server_assigned = (!assigned.is_empty()).then_some(assigned);
    }

    /// Notes that a change of its subscription to `channel` is under way.
    pub(crate) fn change_begins(&mut self, channel: ChannelKey, ends_subscribed: bool) {
        let count = self.changing.get(&channel).map_or(0, |changing| changing.count) + 1;
        self.changing.insert(channel, Changing { count, ends_subscribed });
    }

    /// Notes that one change of its subscription to `channel` is through.
    pub(crate) fn change_done(&mut self, channel: ChannelKey) {
        let Some(changing) = self.changing.get_mut(&channel) else { return };
        changing.count -= 1;
        if changing.count == 0 {
            self.changing.remove(&channel);
        }
    }

    /// Says whether it is subscribed to `channel`, or will be once all changes are through.
    pub(crate) fn will_be_subscribed(&self, channel: ChannelKey) -> bool {
        match self.changing.get(&channel) {
            Some(changing) => changing.ends_subscribed,
            None => self.subscriptions.contains_key(&channel),
        }
    }

    /// Counts the channels it is subscribed to, its own direct one left out.
    pub(crate) fn subscription_count(&self) -> usize {
        let has_direct =
            self.direct_channel.is_some_and(|key| self.subscriptions.contains_key(&key));
        self.subscriptions.len() - usize::from(has_direct)
    }

    /// Counts the subscriptions to topics it will have once all changes are through.
    ///
    /// # Cost
    /// A look-up for each change under way.
    pub(crate) fn topic_count(&self, is_topic: impl Fn(ChannelKey) -> bool) -> usize {
        let mut count = self.subscription_count();
        for (channel, changing) in self.changing.iter().filter(|(channel, _)| is_topic(*channel)) {
            match (self.subscriptions.contains_key(&channel), changing.ends_subscribed) {
                (false, true) => count += 1,
                (true, false) => count -= 1,
                _ => {}
            }
        }
        count
    }

    /// Returns the cursor of a persistent subscription.
    pub(crate) fn cursor(&mut self, channel: ChannelKey) -> Option<&mut Cursor> {
        match self.subscriptions.get_mut(&channel)? {
            Subscription::Persistent(cursor) => Some(cursor),
            Subscription::Session => None,
        }
    }
}

impl Connection {
    /// Says whether its client said goodbye.
    pub(crate) fn has_left(&self) -> bool {
        self.closing == Some(CloseReason::Asked)
    }

    /// Notes live QoS 1 pushes that the client has to acknowledge, of which `unacknowledged_max` may
    /// be, whatever its window is: one that is written to slowly cannot help that they pile up.
    ///
    /// # Errors
    /// The reason to close it when too many are unacknowledged.
    pub(crate) fn owe(&mut self, count: u32, unacknowledged_max: u32) -> Result<(), CloseReason> {
        if !self.profile.acknowledges {
            return Ok(());
        }
        self.live_unacknowledged = self.live_unacknowledged.saturating_add(count);
        let limit = unacknowledged_max.max(LIVE_UNACKNOWLEDGED_MIN);
        if limit < self.live_unacknowledged {
            return Err(CloseReason::TooManyUnacknowledged { limit });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
