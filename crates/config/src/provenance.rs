//! Where settings were written, kept beside them for whoever shows them.

use std::collections::BTreeMap;

use crate::error::Origin;

/// Where each key was set.
///
/// It is no setting itself: settings with the same values are equal, wherever they were written.
#[derive(Debug, Clone, Default)]
pub struct Provenance(BTreeMap<String, Origin>);

impl Provenance {
    /// Takes where keys were set, the later above the earlier.
    pub(crate) fn new(origins: impl IntoIterator<Item = (String, Origin)>) -> Self {
        Provenance(origins.into_iter().collect())
    }

    /// Returns where a key, such as `limits.packet_bytes_max`, was set.
    pub fn of(&self, key: &str) -> &Origin {
        self.0.get(key).unwrap_or(&Origin::Default)
    }
}

impl PartialEq for Provenance {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}
