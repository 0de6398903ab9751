//! How many clients and channels there are of each kind.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use rialto_stopwatch::Moment;
use tokio::{sync, task, time::timeout};

use super::{ChannelKind, ChannelRow, ClientRow, Snapshot};
use crate::hub::Hub;

/// Stored clients that are looked at together.
const LOOKED_AT_ONCE: usize = 1000;
/// How long a number of stored clients holds at least.
const HOLDS_MIN: Duration = Duration::from_secs(10);
/// And how much longer than it took to count them.
const HOLDS_TIMES: u32 = 20;
/// How long a request waits for it.
const PATIENCE: Duration = Duration::from_millis(100);

/// Clients in memory, by their state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ClientTotals {
    pub(crate) all: u64,
    pub(crate) online: u64,
    pub(crate) detached: u64,
    pub(crate) offline: u64,
    pub(crate) slow: u64,
}

/// Channels in use, by their kind; one may be of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ChannelTotals {
    pub(crate) all: u64,
    pub(crate) backlog: u64,
    pub(crate) retained: u64,
    pub(crate) unheard: u64,
}

/// How many clients are only stored: counted beside the broker, and not again for as long as that took many
/// times over.
#[derive(Default)]
pub(crate) struct StoredClients {
    known: Mutex<Option<Known>>,
    /// Held by who counts.
    turn: Arc<sync::Mutex<()>>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    count: u64,
    at: Moment,
    holds: Duration,
}

impl ClientTotals {
    pub(crate) fn of(snapshot: &Snapshot<ClientRow>) -> Self {
        let rows = snapshot.rows().iter();
        rows.fold(ClientTotals::default(), |sum, row| {
            let is_online = row.count.connection.is_some();
            let is_offline = !is_online && !row.count.is_lost;
            ClientTotals {
                all: sum.all + 1,
                online: sum.online + u64::from(is_online),
                detached: sum.detached + u64::from(row.count.is_lost),
                offline: sum.offline + u64::from(is_offline),
                slow: sum.slow + u64::from(row.is_slow()),
            }
        })
    }
}

impl ChannelTotals {
    pub(crate) fn of(snapshot: &Snapshot<ChannelRow>) -> Self {
        let rows = snapshot.rows().iter();
        rows.fold(ChannelTotals::default(), |sum, row| {
            let is = |kind: ChannelKind| u64::from(kind.has(&row.count));
            ChannelTotals {
                all: sum.all + 1,
                backlog: sum.backlog + is(ChannelKind::Backlog),
                retained: sum.retained + is(ChannelKind::Retained),
                unheard: sum.unheard + is(ChannelKind::Unheard),
            }
        })
    }
}

impl StoredClients {
    /// Returns how many stored clients are not in a snapshot of those in memory; `None` as long as that is not known,
    /// which takes a while where there are very many.
    pub(crate) async fn count(
        self: &Arc<Self>,
        hub: &Arc<Hub>,
        snapshot: &Arc<Snapshot<ClientRow>>,
    ) -> Option<u64> {
        if hub.archive.is_empty() {
            return Some(0);
        }
        let known = *self.known.lock();
        if known.is_some_and(|it| it.at.elapsed() < it.holds) {
            return known.map(|it| it.count);
        }
        if let Ok(turn) = self.turn.clone().try_lock_owned() {
            let (stored, hub, snapshot) = (self.clone(), hub.clone(), snapshot.clone());
            let counting = task::spawn_blocking(move || {
                stored.count_now(&hub, &snapshot);
                drop(turn);
            });
            // It is counted to the end whether somebody waits or not.
            _ = timeout(PATIENCE, counting).await;
        }
        self.known.lock().map(|it| it.count)
    }

    fn count_now(&self, hub: &Hub, snapshot: &Snapshot<ClientRow>) {
        let at = Moment::now();
        let (mut count, mut after) = (0, String::new());
        loop {
            let ids = hub.archive.ids(&after, LOOKED_AT_ONCE);
            count += ids.iter().filter(|id| snapshot.get(id.as_str()).is_none()).count() as u64;
            match ids.last() {
                Some(last) if ids.len() == LOOKED_AT_ONCE => last.as_str().clone_into(&mut after),
                _ => break,
            }
        }
        let holds = HOLDS_MIN.max(at.elapsed() * HOLDS_TIMES);
        *self.known.lock() = Some(Known { count, at, holds });
    }
}
