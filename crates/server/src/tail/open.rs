//! A tail that is open, and how many may be.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rialto_broker::{TailId, TailScope};

use crate::hub::Hub;

use super::{filter::Filter, ring::Ring};

/// Most tails at a time: each costs all publishers something.
pub(crate) const TAILS_MAX: usize = 64;

/// The places for tails.
#[derive(Debug, Default)]
pub(crate) struct TailPlaces(AtomicUsize);

/// What somebody wants to look at.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) scope: TailScope,
    pub(crate) filter: Option<Filter>,
    /// Whether payloads are told, or only how large they are.
    pub(crate) has_payloads: bool,
    /// Most messages a second.
    pub(crate) rate: u32,
}

/// A tail; it ends when this is dropped.
pub(crate) struct Tail {
    hub: Arc<Hub>,
    id: TailId,
    pub(super) ring: Arc<Ring>,
    pub(super) filter: Option<Filter>,
    pub(super) rate: u32,
    places: Arc<TailPlaces>,
}

impl Tail {
    /// Begins to look; `None` where as many do as may.
    pub(crate) fn begin(hub: &Arc<Hub>, places: &Arc<TailPlaces>, wanted: Wanted) -> Option<Self> {
        let Wanted { scope, filter, has_payloads, rate } = wanted;
        if TAILS_MAX <= places.0.fetch_add(1, Ordering::Relaxed) {
            places.0.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let ring = Arc::new(Ring::new(scope, has_payloads, filter.is_some()));
        let id = hub.round(|broker| broker.add_tail(ring.clone()));
        Some(Tail { hub: hub.clone(), id, ring, filter, rate, places: places.clone() })
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.hub.round(|broker| broker.remove_tail(self.id));
        self.places.0.fetch_sub(1, Ordering::Relaxed);
    }
}
