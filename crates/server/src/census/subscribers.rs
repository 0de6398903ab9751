//! Subscribers of a channel, as a list shows them.

use std::{sync::Arc, time::Duration};

use rialto_broker::SubscriberCount;
use rialto_stopwatch::Moment;
use tokio::{sync::Mutex, task, time::sleep};

use super::{
    Number, Rates, Row, Snapshot,
    freshness::{Freshness, freshness},
    rates::Counted,
};
use crate::hub::Hub;

/// Channels whose subscribers are kept at the same time, for whoever reads on.
const CHANNELS_MAX: usize = 4;
/// How long they are kept.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// A subscriber of a channel.
#[derive(Debug, Clone)]
pub(crate) struct SubscriberRow(pub(crate) SubscriberCount);

/// A channel's subscribers.
#[derive(Debug)]
pub(crate) struct SubscriberList {
    pub(crate) snapshot: Snapshot<SubscriberRow>,
    /// Persistent ones that are not in memory, and so not in the list.
    pub(crate) stored_count: u64,
}

/// Those of a few channels, the latest last.
type Kept = Vec<(Arc<str>, Arc<SubscriberList>)>;

/// The subscribers of channels that somebody looks at.
#[derive(Default)]
pub(crate) struct Subscribers {
    kept: Arc<Mutex<Kept>>,
}

impl Counted for SubscriberRow {
    type Key = ();
    type Life = ();

    fn key(&self) {}

    fn life(&self) {}

    fn counters(&self) -> [u64; 4] {
        [0; 4]
    }

    fn rates(&self) -> Rates {
        Rates::UNKNOWN
    }

    fn set_rates(&mut self, _rates: Rates) {}
}

impl Row for SubscriberRow {
    const NAME: &'static str = "client";
    const NUMBERS: &'static [Number<Self>] = &[
        Number { name: "lag", of: |row| row.0.lag as f64, is_rate: false },
        Number { name: "unacknowledged", of: |row| row.0.unacknowledged as f64, is_rate: false },
    ];

    fn name(&self) -> &str {
        self.0.client.as_str()
    }
}

impl Subscribers {
    /// Returns the subscribers of a channel, `None` if it is not in use. What happened before this was called is in it,
    /// where there are few; otherwise it is at most six seconds old.
    pub(crate) async fn of(&self, hub: &Arc<Hub>, channel: &str) -> Option<Arc<SubscriberList>> {
        // One is counted at a time.
        let mut kept = self.kept.lock().await;
        kept.retain(|(_, list)| list.freshness() != Freshness::Stale);
        if let Some((_, list)) = kept.iter().find(|(name, _)| **name == *channel) {
            return Some(list.clone());
        }
        let (hub, name) = (hub.clone(), Arc::<str>::from(channel));
        let list = task::spawn_blocking(move || count(&hub, &name));
        let list = Arc::new(list.await.expect("counting does not panic")?);
        if list.freshness() != Freshness::Stale {
            if CHANNELS_MAX <= kept.len() {
                kept.remove(0);
            }
            kept.push((channel.into(), list.clone()));
            drop(kept);
            task::spawn(let_go(self.kept.clone()));
        }
        Some(list)
    }
}

impl SubscriberList {
    fn freshness(&self) -> Freshness {
        freshness(self.snapshot.len(), self.snapshot.age())
    }
}

/// Drops what nobody can be given any more.
async fn let_go(kept: Arc<Mutex<Kept>>) {
    sleep(KEPT_FOR).await;
    kept.lock().await.retain(|(_, list)| list.freshness() != Freshness::Stale);
}

fn count(hub: &Hub, channel: &str) -> Option<SubscriberList> {
    let began = (Moment::now(), hub.now().unix_ms);
    let mut rows = Vec::new();
    let stored_count = hub.walk_subscribers(channel, |count| rows.push(SubscriberRow(count)))?;
    Some(SubscriberList { snapshot: Snapshot::new(began, None, rows), stored_count })
}
