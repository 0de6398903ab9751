//! How many connections there may be, in all and from one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;
use rialto_broker::CloseReason;

/// Counts connections against their limits.
pub(crate) struct Admission {
    open: AtomicUsize,
    open_max: usize,
    per_address: Mutex<HashMap<IpAddr, usize>>,
    /// 0 is unlimited.
    per_address_max: usize,
    /// Whether the last connection was refused, so that a flood of them is one line in the log.
    refusing: AtomicBool,
}

/// A place among the open connections; given back when dropped.
pub(crate) struct Permit {
    admission: Arc<Admission>,
    address: Option<IpAddr>,
}

impl Admission {
    pub(crate) fn new(open_max: usize, per_address_max: usize) -> Arc<Self> {
        let per_address = Mutex::new(HashMap::new());
        Arc::new(Admission {
            open: AtomicUsize::new(0),
            open_max,
            per_address,
            per_address_max,
            refusing: AtomicBool::new(false),
        })
    }

    /// Returns how many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Permit, CloseReason> {
        let mut permit = Permit { admission: self.clone(), address: None };
        if self.open_max <= self.open.fetch_add(1, Ordering::AcqRel) {
            return Err(CloseReason::TooManyConnections { limit: self.open_max });
        }
        if self.per_address_max > 0 {
            let mut counts = self.per_address.lock();
            let count = counts.entry(address).or_insert(0);
            if self.per_address_max <= *count {
                return Err(CloseReason::TooManyFromAddress { limit: self.per_address_max });
            }
            *count += 1;
            permit.address = Some(address);
        }
        self.refusing.store(false, Ordering::Relaxed);
        Ok(permit)
    }

    /// Says whether this is the first refusal of a series.
    pub(crate) fn begins_refusing(&self) -> bool {
        !self.refusing.swap(true, Ordering::Relaxed)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(address) = self.address {
            let mut counts = self.admission.per_address.lock();
            if let Some(count) = counts.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&address);
                }
            }
        }
        self.admission.open.fetch_sub(1, Ordering::AcqRel);
    }
}
