//! What keeps a client open: its clones and its subscriptions.

use std::sync::Arc;

use crate::shared::Shared;

/// Keeps a client open.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.with(|core, _| core.close());
    }
}
