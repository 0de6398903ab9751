//! Stored records that are not what was written.

/// Counts records that are not what was written.
#[derive(Debug, Default)]
pub(crate) struct Damaged {
    pub(crate) count: u64,
}

impl Damaged {
    /// Takes what could be read; tells of what could not.
    pub(crate) fn sound<T>(&mut self, table: &'static str, read: Option<T>) -> Option<T> {
        if read.is_none() {
            self.count += 1;
            tracing::error!(table, "a stored record is damaged and left out");
        }
        read
    }
}
