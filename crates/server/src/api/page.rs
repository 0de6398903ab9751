//! Lists that are told page by page.

use serde::{Deserialize, Deserializer, de::Error as _};

/// Entries of a page, and how many there may be.
pub(super) const PAGE_COUNT: usize = 100;
pub(super) const PAGE_COUNT_MAX: usize = 1000;

/// About how many bytes an entry has.
const ENTRY_BYTES: usize = 512;

/// How many entries a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageCount(usize);

/// How many messages of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HistoryCount(pub(super) usize);

impl Default for HistoryCount {
    fn default() -> Self {
        HistoryCount(usize::MAX)
    }
}

impl<'de> Deserialize<'de> for HistoryCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // More than can be counted is all.
        let count = digits.then(|| text.parse().unwrap_or(usize::MAX)).filter(|&count| 0 < count);
        count.map(HistoryCount).ok_or_else(|| D::Error::custom("limit must be a number from 1"))
    }
}

impl Default for PageCount {
    fn default() -> Self {
        PageCount(PAGE_COUNT)
    }
}

impl<'de> Deserialize<'de> for PageCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong =
            || D::Error::custom(format!("limit must be a number from 1 to {PAGE_COUNT_MAX}"));
        // As text, because what stands in a query is none of JSON's numbers.
        let text = String::deserialize(deserializer)?;
        let count = text.parse().ok().filter(|count| (1..=PAGE_COUNT_MAX).contains(count));
        count.map(PageCount).ok_or_else(wrong)
    }
}

impl PageCount {
    /// Returns about how many bytes the page may have.
    pub(super) fn bytes(self) -> usize {
        self.0 * ENTRY_BYTES
    }

    /// Returns how many these are.
    pub(super) fn get(self) -> usize {
        self.0
    }
}
