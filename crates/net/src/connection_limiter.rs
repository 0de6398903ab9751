//! How many connections there may be: in all, on each listener, and from one address.
//!
//! Half of all connections is kept for the listeners in equal shares, so that none of them can be
//! crowded out by the others; the other half is for whoever comes first.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;
use rialto_domain::{CloseReason, network_of};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// Refused connections that are open at the same time, so that they can read why. Beyond, they are
/// closed at once.
pub const REFUSED_OPEN_MAX: usize = 32;

/// Counts connections against their limits.
pub struct ConnectionLimiter {
    counts: Mutex<Counts>,
    /// One for each listener, in their order.
    shares: Vec<Share>,
    open_max: usize,
    /// Connections that are in nobody's share.
    common_max: usize,
    /// 0 is unlimited.
    per_address_max: usize,
    /// Whether the last connection was refused, so that a flood of them is one line in the log.
    refusing: AtomicBool,
    refused_open: Arc<Semaphore>,
    /// Where the last moments of sockets are waited for, which may be dropped on a thread without one.
    runtime: Option<Handle>,
}

/// What one listener may have.
struct Share {
    /// Connections that no other listener can take from it.
    reserved: usize,
    max: usize,
}

#[derive(Default)]
struct Counts {
    open: usize,
    common: usize,
    per_listener: Vec<usize>,
    per_network: HashMap<IpAddr, usize>,
}

/// What a connection takes until its socket is closed.
pub enum Place {
    /// Among the open connections.
    Admitted(ConnectionSlot),
    /// Among those that are told why they are refused.
    Refused(OwnedSemaphorePermit, Arc<ConnectionLimiter>),
}

/// A place among the open connections; given back when dropped.
pub struct ConnectionSlot {
    limiter: Arc<ConnectionLimiter>,
    /// Small, as is all that an idle connection carries.
    listener: u16,
    network: Option<IpAddr>,
}

impl ConnectionLimiter {
    /// `listeners_max` is the most connections of each listener, 0 for no limit of its own.
    pub fn new(open_max: usize, per_address_max: usize, listeners_max: &[usize]) -> Arc<Self> {
        let equal_share = open_max / 2 / listeners_max.len().max(1);
        let share = |&own_max: &usize| {
            let max = if own_max == 0 { open_max } else { own_max };
            Share { reserved: equal_share.min(max), max }
        };
        let shares: Vec<Share> = listeners_max.iter().map(share).collect();
        let reserved: usize = shares.iter().map(|share| share.reserved).sum();
        let per_listener = vec![0; shares.len()];
        Arc::new(ConnectionLimiter {
            counts: Mutex::new(Counts { per_listener, ..Counts::default() }),
            shares,
            open_max,
            common_max: open_max - reserved,
            per_address_max,
            refusing: AtomicBool::new(false),
            refused_open: Arc::new(Semaphore::new(REFUSED_OPEN_MAX)),
            runtime: Handle::try_current().ok(),
        })
    }

    /// Returns how many connections are open.
    pub fn open(&self) -> usize {
        self.counts.lock().open
    }

    /// Lets a connection in on the listener of that number, if there is room.
    pub fn admit(self: &Arc<Self>, listener: usize) -> Result<ConnectionSlot, CloseReason> {
        let &Share { reserved, max } = &self.shares[listener];
        let mut counts = self.counts.lock();
        let open = counts.per_listener[listener];
        if max <= open {
            return Err(self.no_room(&counts, open));
        }
        if reserved <= open {
            if self.common_max <= counts.common {
                return Err(self.no_room(&counts, open));
            }
            counts.common += 1;
        }
        counts.per_listener[listener] += 1;
        counts.open += 1;
        let listener = u16::try_from(listener).expect("each listener has a port of its own");
        Ok(ConnectionSlot { limiter: self.clone(), listener, network: None })
    }

    fn no_room(&self, counts: &Counts, open_here: usize) -> CloseReason {
        if self.open_max <= counts.open {
            CloseReason::TooManyConnections { limit: self.open_max }
        } else {
            CloseReason::ListenerFull { limit: open_here }
        }
    }

    /// Says whether a refusal is the first of a series.
    pub fn begins_refusing(&self) -> bool {
        !self.refusing.swap(true, Ordering::Relaxed)
    }

    /// Returns a place for a connection that is refused, so that it can be told; `None` while many
    /// others are.
    pub fn place_of_refused(self: &Arc<Self>) -> Option<Place> {
        let permit = self.refused_open.clone().try_acquire_owned().ok()?;
        Some(Place::Refused(permit, self.clone()))
    }
}

impl From<ConnectionSlot> for Place {
    fn from(slot: ConnectionSlot) -> Self {
        Place::Admitted(slot)
    }
}

impl Place {
    /// Counts the connection as one from this address, if it does not count already.
    pub fn count_from(&mut self, address: IpAddr) -> Result<(), CloseReason> {
        match self {
            Place::Admitted(slot) => slot.count_from(address),
            Place::Refused(..) => Ok(()),
        }
    }

    /// Returns where the connection's last moments can be waited for.
    pub fn runtime(&self) -> Option<&Handle> {
        let (Place::Admitted(ConnectionSlot { limiter, .. }) | Place::Refused(_, limiter)) = self;
        limiter.runtime.as_ref()
    }
}

impl ConnectionSlot {
    /// Counts the connection as one from this address, if it does not count already.
    pub fn count_from(&mut self, address: IpAddr) -> Result<(), CloseReason> {
        let limit = self.limiter.per_address_max;
        if 0 < limit && self.network.is_none() {
            let network = network_of(address);
            let mut counts = self.limiter.counts.lock();
            let count = counts.per_network.entry(network).or_insert(0);
            if limit <= *count {
                return Err(CloseReason::TooManyFromAddress { limit });
            }
            *count += 1;
            self.network = Some(network);
        }
        self.limiter.refusing.store(false, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut counts = self.limiter.counts.lock();
        if let Some(network) = self.network
            && let Some(count) = counts.per_network.get_mut(&network)
        {
            *count -= 1;
            if *count == 0 {
                counts.per_network.remove(&network);
            }
        }
        // Places are alike: whichever of a listener's connections ends, one beyond its share is free.
        let listener = usize::from(self.listener);
        if self.limiter.shares[listener].reserved < counts.per_listener[listener] {
            counts.common -= 1;
        }
        counts.per_listener[listener] -= 1;
        counts.open -= 1;
    }
}

#[cfg(test)]
mod tests;
