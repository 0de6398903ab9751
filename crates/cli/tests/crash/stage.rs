//! What the actors share: whether the broker is there, what has happened, what is owed.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Instant,
};

use rialto_testkit::PATIENCE;

/// Something that brings the next kill nearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// A publisher is about to send.
    Sent,
    /// A publisher was acknowledged.
    Acknowledged,
    /// A subscriber received.
    Pushed,
    /// A subscriber's persistent subscription was acknowledged.
    Subscribed,
}

/// A publisher's messages to one channel.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent {
    /// The last number it began to send.
    pub(crate) last: u64,
    /// The last retained number it began to send, and the last that was acknowledged.
    pub(crate) retained_last: u64,
    pub(crate) retained_acknowledged: u64,
    /// Those it sent more than once.
    pub(crate) repeated: HashMap<u64, u32>,
}

/// By publisher and channel.
pub(crate) type AllSent = BTreeMap<(usize, String), Sent>;

/// Where publishers and subscribers meet a broker that comes and goes.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    /// Pushes that a subscriber may have unacknowledged.
    pub(crate) window: u64,
    scene: Mutex<Scene>,
    changed: Condvar,
}

#[derive(Default)]
struct Scene {
    is_down: bool,
    publishing_ends: bool,
    subscribing_ends: bool,
    fallen: bool,
    counts: BTreeMap<Event, u64>,
    sent: AllSent,
}

/// Tells the stage of an actor's panic.
pub(crate) struct Fall<'a>(Option<&'a Stage>);

impl Stage {
    pub(crate) fn new(address: SocketAddr, window: u64) -> Arc<Self> {
        let scene = Mutex::new(Scene::default());
        Arc::new(Stage { address, window, scene, changed: Condvar::new() })
    }

    /// Keeps actors whose connection breaks from trying again.
    pub(crate) fn lower_curtain(&self) {
        self.scene().is_down = true;
    }

    pub(crate) fn raise_curtain(&self) {
        self.scene().is_down = false;
        self.changed.notify_all();
    }

    /// Waits until there should be a broker.
    pub(crate) fn wait_for_broker(&self) {
        let scene = self.changed.wait_timeout_while(self.scene(), 3 * PATIENCE, |it| it.is_down);
        assert!(!scene.unwrap().0.is_down, "the broker does not come back");
    }

    /// Waits until the subscribers are to come to an end.
    pub(crate) fn wait_for_last_act(&self) {
        drop(self.changed.wait_while(self.scene(), |it| !it.subscribing_ends && !it.fallen));
    }

    /// Lets publishers end once all is acknowledged.
    pub(crate) fn finish_publishing(&self) {
        self.scene().publishing_ends = true;
    }

    /// Lets subscribers end once they have all there is.
    pub(crate) fn finish_subscribing(&self) {
        self.scene().subscribing_ends = true;
        self.changed.notify_all();
    }

    pub(crate) fn publishing_ends(&self) -> bool {
        self.scene().publishing_ends
    }

    pub(crate) fn subscribing_ends(&self) -> bool {
        self.scene().subscribing_ends
    }

    pub(crate) fn note(&self, event: Event) {
        *self.scene().counts.entry(event).or_default() += 1;
        self.changed.notify_all();
    }

    /// Waits until the event has happened that many times more, or the actors are at rest.
    pub(crate) fn wait_for(&self, what: &str, event: Event, count: u64) {
        let mut scene = self.scene();
        let target = scene.counts.get(&event).copied().unwrap_or_default() + count;
        let deadline = Instant::now() + PATIENCE;
        while scene.counts.get(&event).copied().unwrap_or_default() < target {
            assert!(!scene.fallen, "an actor failed, see above");
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {what}: {:?}, wanted {target} {event:?}", scene.counts);
            scene = self.changed.wait_timeout(scene, left).unwrap().0;
        }
    }

    /// Changes the record of what was sent.
    pub(crate) fn update_sent<R>(
        &self,
        publisher: usize,
        channel: &str,
        update: impl FnOnce(&mut Sent) -> R,
    ) -> R {
        update(self.scene().sent.entry((publisher, channel.to_owned())).or_default())
    }

    /// Returns what was sent so far.
    pub(crate) fn sent(&self) -> AllSent {
        self.scene().sent.clone()
    }

    /// Returns the last number of each publisher to a channel.
    pub(crate) fn last_sent(&self, channel: &str) -> BTreeMap<usize, u64> {
        let scene = self.scene();
        let to_channel = scene.sent.iter().filter(|((_, to), _)| to == channel);
        to_channel.map(|((publisher, _), sent)| (*publisher, sent.last)).collect()
    }

    pub(crate) fn summary(&self) -> String {
        let scene = self.scene();
        let repeated: usize = scene.sent.values().map(|sent| sent.repeated.len()).sum();
        format!("{:?}, {repeated} messages sent more than once", scene.counts)
    }

    /// Returns what tells everybody else if this thread panics.
    pub(crate) fn notice_a_fall(&self) -> Fall<'_> {
        Fall(Some(self))
    }

    fn scene(&self) -> MutexGuard<'_, Scene> {
        // A failed actor leaves it whole; the others are to hear of the failure, not of the lock.
        self.scene.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fall<'_> {
    /// Ends well.
    pub(crate) fn stands(mut self) {
        self.0 = None;
    }
}

impl Drop for Fall<'_> {
    fn drop(&mut self) {
        if let Some(stage) = self.0 {
            stage.scene().fallen = true;
            stage.changed.notify_all();
        }
    }
}

/// Waits for an actor's end; fails as it failed.
pub(crate) fn join<T>(actor: JoinHandle<T>) -> T {
    actor.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
