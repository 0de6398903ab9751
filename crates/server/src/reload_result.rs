//! What became of the last reload, for whoever asks later.

use parking_lot::Mutex;
use rialto_domain::UnixMs;

/// The last time that settings, or files that they name, were to be taken up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastReload {
    /// When that was.
    pub(crate) at_ms: UnixMs,
    /// What was wrong; then nothing has changed.
    pub(crate) error: Option<String>,
}

/// Keeps the last result.
#[derive(Debug, Default)]
pub(crate) struct ReloadResult(Mutex<Option<LastReload>>);

impl ReloadResult {
    /// Notes how a reload went.
    pub(crate) fn note(&self, at_ms: UnixMs, error: Option<&str>) {
        let error = error.map(str::to_owned);
        *self.0.lock() = Some(LastReload { at_ms, error });
    }

    /// Returns how the last one went; `None` if there was none since the start.
    pub(crate) fn last(&self) -> Option<LastReload> {
        self.0.lock().clone()
    }
}
