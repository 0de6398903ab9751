//! What comes in and goes out at a listener, counted by whoever reads and writes, and added up when
//! somebody asks.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

/// More threads than these share places; a broker on a larger machine has so many that read at once
/// seldom enough.
const STRIPE_COUNT: usize = 16;

thread_local! {
    /// Where this thread counts.
    static STRIPE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Counts what connections of one listener send and get.
///
/// # Cost
/// One addition each at a read and at a write, whatever is in them, to a line of memory that other
/// threads seldom write to.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    stripes: [Stripe; STRIPE_COUNT],
    opened: AtomicU64,
    closed: AtomicU64,
    slow_begun: AtomicU64,
    slow_ended: AtomicU64,
}

/// What some threads have counted. Two lines of memory, since processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe {
    bytes_in: AtomicU64,
    packets_in: AtomicU64,
    bytes_out: AtomicU64,
    packets_out: AtomicU64,
}

/// What was counted until now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) bytes_in: u64,
    pub(crate) packets_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) packets_out: u64,
    /// Connections that were opened, and how many of them are open.
    pub(crate) opened: u64,
    pub(crate) open: u64,
    /// How often a peer became slow, and how many are.
    pub(crate) slow_begun: u64,
    pub(crate) slow: u64,
}

impl Traffic {
    pub(crate) fn note_opened(&self) {
        self.opened.fetch_add(1, Relaxed);
    }

    pub(crate) fn note_closed(&self) {
        self.closed.fetch_add(1, Relaxed);
    }

    pub(crate) fn note_slow(&self, is_slow: bool) {
        let count = if is_slow { &self.slow_begun } else { &self.slow_ended };
        count.fetch_add(1, Relaxed);
    }

    #[inline]
    pub(crate) fn note_read(&self, bytes: usize) {
        self.stripe().bytes_in.fetch_add(bytes as u64, Relaxed);
    }

    /// Counts packets that were taken in.
    #[inline]
    pub(crate) fn note_taken(&self, packets: usize) {
        self.stripe().packets_in.fetch_add(packets as u64, Relaxed);
    }

    #[inline]
    pub(crate) fn note_written(&self, bytes: usize, packets: u64) {
        let stripe = self.stripe();
        stripe.bytes_out.fetch_add(bytes as u64, Relaxed);
        if 0 < packets {
            stripe.packets_out.fetch_add(packets, Relaxed);
        }
    }

    /// Adds up.
    pub(crate) fn counted(&self) -> Counted {
        // Ends are read first, so that no more have ended than have begun.
        let (closed, slow_ended) = (self.closed.load(Relaxed), self.slow_ended.load(Relaxed));
        let (opened, slow_begun) = (self.opened.load(Relaxed), self.slow_begun.load(Relaxed));
        let counted = Counted {
            opened,
            open: opened.saturating_sub(closed),
            slow_begun,
            slow: slow_begun.saturating_sub(slow_ended),
            ..Counted::default()
        };
        self.stripes.iter().fold(counted, |sum, stripe| Counted {
            bytes_in: sum.bytes_in + stripe.bytes_in.load(Relaxed),
            packets_in: sum.packets_in + stripe.packets_in.load(Relaxed),
            bytes_out: sum.bytes_out + stripe.bytes_out.load(Relaxed),
            packets_out: sum.packets_out + stripe.packets_out.load(Relaxed),
            ..sum
        })
    }

    #[inline]
    fn stripe(&self) -> &Stripe {
        &self.stripes[STRIPE.get().unwrap_or_else(choose)]
    }
}

/// Gives this thread the next place.
#[cold]
fn choose() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let stripe = NEXT.fetch_add(1, Relaxed) % STRIPE_COUNT;
    STRIPE.set(Some(stripe));
    stripe
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_many_threads_count_is_added_up() {
        let traffic = Traffic::default();
        thread::scope(|scope| {
            for _ in 0..3 * STRIPE_COUNT {
                scope.spawn(|| {
                    traffic.note_opened();
                    traffic.note_read(10);
                    traffic.note_taken(2);
                    traffic.note_written(5, 1);
                    traffic.note_written(7, 0);
                });
            }
        });
        traffic.note_closed();
        let count = 3 * STRIPE_COUNT as u64;
        let expected = Counted {
            bytes_in: 10 * count,
            packets_in: 2 * count,
            bytes_out: 12 * count,
            packets_out: count,
            opened: count,
            open: count - 1,
            slow_begun: 0,
            slow: 0,
        };
        assert_eq!(traffic.counted(), expected);
    }

    #[test]
    fn a_peer_that_reads_again_is_slow_no_more() {
        let traffic = Traffic::default();
        traffic.note_slow(true);
        traffic.note_slow(true);
        traffic.note_slow(false);
        let Counted { slow_begun, slow, .. } = traffic.counted();
        assert_eq!((slow_begun, slow), (2, 1));
    }
}
