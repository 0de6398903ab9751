//! A count of one kind, made anew while somebody asks for it.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use rialto_stopwatch::Moment;
use tokio::{sync, task, time::sleep};

use super::{
    freshness::{Freshness, USED_MAX, freshness},
    rates::{Base, OVER_MIN, rate},
    snapshot::{Row, Snapshot, Wish},
};
use crate::hub::Hub;

/// How long a snapshot is kept when nobody asks.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// Counts of one kind, while somebody asks for them.
pub(crate) struct Tally<R: Row> {
    hub: Arc<Hub>,
    /// Walks all of them.
    walk: fn(&Hub) -> Vec<R>,
    /// Held by who counts.
    turn: Arc<sync::Mutex<()>>,
    kept: Mutex<Kept<R>>,
}

/// What is kept of counts.
struct Kept<R: Row> {
    snapshot: Option<Arc<Snapshot<R>>>,
    base: Option<Base<R>>,
    asked: Moment,
    /// Whether somebody sees to it that it goes.
    is_watched: bool,
}

impl<R: Row> Tally<R> {
    pub(super) fn new(hub: &Arc<Hub>, walk: fn(&Hub) -> Vec<R>) -> Arc<Self> {
        let kept = Kept { snapshot: None, base: None, asked: Moment::now(), is_watched: false };
        let (hub, turn, kept) = (hub.clone(), Arc::default(), Mutex::new(kept));
        Arc::new(Tally { hub, walk, turn, kept })
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Returns a count that is fresh enough, one with rates if those are needed.
    ///
    /// What happened before this was called is in it, where there are few; otherwise it is at most six seconds
    /// old. So it may be where somebody reads on in a list by number, in which numbers that change meanwhile would move
    /// what was read. Waits for a count, and for rates a second longer, if there is none.
    pub(crate) async fn snapshot(self: &Arc<Self>, wish: &Wish<R>) -> Arc<Snapshot<R>> {
        let asked = Moment::now();
        self.note_asked(asked);
        let (needs_rates, reads_on) = (wish.order.needs_rates(), wish.reads_on_by_number());
        let does = |it: &Arc<Snapshot<R>>| !needs_rates || it.rates_over.is_some();
        if let Some(snapshot) = self.kept().filter(does) {
            let age = snapshot.age();
            match freshness(snapshot.len(), age) {
                Freshness::Stale if reads_on && age <= USED_MAX => return snapshot,
                Freshness::Fresh => return snapshot,
                Freshness::Ageing => {
                    if let Ok(turn) = self.turn.clone().try_lock_owned() {
                        drop(self.count(turn));
                    }
                    return snapshot;
                }
                Freshness::Stale => {}
            }
        }
        loop {
            let turn = self.turn.clone().lock_owned().await;
            // Somebody may have counted meanwhile.
            if let Some(snapshot) = self.kept().filter(|it| asked <= it.at && does(it)) {
                return snapshot;
            }
            let snapshot = self.count(turn).await.expect("counting does not panic");
            if does(&snapshot) {
                return snapshot;
            }
            sleep(self.until_rates()).await;
        }
    }

    /// Returns the latest count, if there is one, whatever its age.
    pub(crate) fn kept(&self) -> Option<Arc<Snapshot<R>>> {
        self.kept.lock().snapshot.clone()
    }

    /// Counts, also if nobody waits for it any more.
    fn count(
        self: &Arc<Self>,
        turn: sync::OwnedMutexGuard<()>,
    ) -> task::JoinHandle<Arc<Snapshot<R>>> {
        let tally = self.clone();
        task::spawn_blocking(move || {
            let snapshot = tally.count_now();
            drop(turn);
            snapshot
        })
    }

    fn count_now(&self) -> Arc<Snapshot<R>> {
        let began = (Moment::now(), self.hub.now().unix_ms);
        let mut rows = (self.walk)(&self.hub);
        let mut base = self.kept.lock().base.take();
        let rates_over = rate(&mut base, began.0, &mut rows);
        let snapshot = Arc::new(Snapshot::new(began, rates_over, rows));
        let mut kept = self.kept.lock();
        kept.base = base;
        // Dropped once the lock is let go: it may be large.
        let earlier = kept.snapshot.replace(snapshot.clone());
        drop(kept);
        drop(earlier);
        snapshot
    }

    /// Returns how long it is until a count has rates.
    fn until_rates(&self) -> Duration {
        let kept = self.kept.lock();
        kept.base.as_ref().map_or(Duration::ZERO, |it| OVER_MIN.saturating_sub(it.at.elapsed()))
    }

    fn note_asked(self: &Arc<Self>, asked: Moment) {
        let mut kept = self.kept.lock();
        kept.asked = asked;
        if !std::mem::replace(&mut kept.is_watched, true) {
            task::spawn(lapse(Arc::downgrade(self)));
        }
    }

    /// Lets everything go if nobody has asked for long enough; otherwise returns how long to wait until
    /// then.
    fn let_go(&self) -> Option<Duration> {
        let mut kept = self.kept.lock();
        let left = KEPT_FOR.saturating_sub(kept.asked.elapsed());
        if !left.is_zero() {
            return Some(left);
        }
        kept.is_watched = false;
        let gone = (kept.snapshot.take(), kept.base.take());
        drop(kept);
        drop(gone);
        None
    }
}

/// Waits until nobody has asked for a minute.
async fn lapse<R: Row>(tally: Weak<Tally<R>>) {
    let mut left = KEPT_FOR;
    loop {
        sleep(left).await;
        let Some(tally) = tally.upgrade() else { return };
        let lapsed = task::spawn_blocking(move || tally.let_go());
        match lapsed.await {
            Ok(Some(more)) => left = more,
            Ok(None) | Err(_) => return,
        }
    }
}
