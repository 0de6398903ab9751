//! How the links to other servers stand, for metrics and health.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// How many links there are in each state.
#[derive(Debug, Default)]
pub(crate) struct LinkCounts([AtomicUsize; LinkState::ALL.len()]);

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// Its server takes part: its messages come.
    Attached,
    /// It is tried for.
    Trying,
    /// Its server is this one, under another name: nothing is missing.
    Itself,
}

/// The state of one link, which is counted as long as this is there.
#[derive(Debug)]
pub(super) struct Standing {
    counts: Arc<LinkCounts>,
    state: LinkState,
}

impl LinkState {
    pub(crate) const ALL: [LinkState; 3] =
        [LinkState::Attached, LinkState::Trying, LinkState::Itself];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            LinkState::Attached => "attached",
            LinkState::Trying => "trying",
            LinkState::Itself => "itself",
        }
    }
}

impl LinkCounts {
    pub(crate) fn get(&self, state: LinkState) -> usize {
        self.0[state as usize].load(Relaxed)
    }

    fn add(&self, state: LinkState) {
        self.0[state as usize].fetch_add(1, Relaxed);
    }

    fn remove(&self, state: LinkState) {
        self.0[state as usize].fetch_sub(1, Relaxed);
    }
}

impl Standing {
    /// Counts a link that is tried for.
    pub(super) fn begin(counts: &Arc<LinkCounts>) -> Self {
        counts.add(LinkState::Trying);
        Standing { counts: counts.clone(), state: LinkState::Trying }
    }

    pub(super) fn is(&self, state: LinkState) -> bool {
        self.state == state
    }

    pub(super) fn set(&mut self, state: LinkState) {
        if state != self.state {
            self.counts.add(state);
            self.counts.remove(self.state);
            self.state = state;
        }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.counts.remove(self.state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_counts_in_one_state_until_it_is_gone() {
        let counts = Arc::new(LinkCounts::default());
        let all = || LinkState::ALL.map(|state| counts.get(state));
        let mut link = Standing::begin(&counts);
        assert_eq!(all(), [0, 1, 0]);
        link.set(LinkState::Attached);
        link.set(LinkState::Attached);
        assert_eq!(all(), [1, 0, 0]);
        let other = Standing::begin(&counts);
        link.set(LinkState::Itself);
        assert_eq!(all(), [0, 1, 1]);
        drop((link, other));
        assert_eq!(all(), [0, 0, 0]);
    }
}
