//! Messages that passed, counted where they pass anyway.

/// How many messages passed, and how many bytes they had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// Messages.
    pub count: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
}

impl Passed {
    /// Counts more of them, which passed so many times.
    #[inline]
    pub(crate) fn note(&mut self, more: Passed, times: u64) {
        self.count += more.count * times;
        self.bytes += more.bytes * times;
    }
}
