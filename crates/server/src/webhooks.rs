//! The application that the settings name: webhooks, begun and ended as the settings change.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use rialto_webhook::{Counters, Deliveries, RequestTimes, Webhook};
use tokio::{runtime::Handle, task::JoinHandle};

use crate::{
    authorizer::{ApplicationSlot, Authorizer},
    settings_map,
};

/// The application that the settings name, unless the program that runs the server brings its own.
pub(crate) struct Webhooks {
    /// Set where the program brings its own: then the settings may name none.
    is_taken: bool,
    running: Mutex<Option<Running>>,
    /// Where what could not be told is kept over a restart.
    undelivered: Option<PathBuf>,
    runtime: Handle,
}

struct Running {
    webhook: Webhook,
    deliveries: JoinHandle<Vec<String>>,
}

/// What a change of the settings will lead to.
pub(crate) enum Prepared {
    Unchanged,
    Replaced(Option<(Webhook, Deliveries)>),
}

impl Webhooks {
    pub(crate) fn new(is_taken: bool, undelivered: Option<PathBuf>, runtime: Handle) -> Self {
        Webhooks { is_taken, running: Mutex::new(None), undelivered, runtime }
    }

    /// Makes ready what a change of the settings leads to, without doing it yet.
    ///
    /// # Errors
    /// What is wrong with the new settings.
    pub(crate) fn prepare(
        &self,
        old: &rialto_config::Webhook,
        new: &rialto_config::Webhook,
    ) -> Result<Prepared, String> {
        if old == new { Ok(Prepared::Unchanged) } else { self.make(new) }
    }

    /// Makes ready what settings lead to.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn make(&self, settings: &rialto_config::Webhook) -> Result<Prepared, String> {
        if settings.url.is_empty() {
            return Ok(Prepared::Replaced(None));
        }
        if self.is_taken {
            return Err("webhook.url is set, and this server carries an application already: \
                        remove one of the two"
                .to_owned());
        }
        let made = Webhook::new(settings_map::webhook(settings)?);
        Ok(Prepared::Replaced(Some(made.map_err(|error| format!("webhook: {error}"))?)))
    }

    /// Does what was made ready.
    pub(crate) fn take_up(&self, prepared: Prepared, authorizer: &Authorizer) {
        let Prepared::Replaced(replacement) = prepared else { return };
        if self.is_taken {
            return;
        }
        let mut running = self.running.lock();
        if let Some(old) = running.take() {
            // What it was not told yet, it still is.
            old.webhook.finish(Duration::from_secs(10));
        }
        let slot = replacement.map(|(webhook, deliveries)| {
            webhook.requeue(self.take_undelivered());
            let deliveries = self.runtime.spawn(deliveries.run());
            *running = Some(Running { webhook: webhook.clone(), deliveries });
            ApplicationSlot::new(Arc::new(webhook))
        });
        authorizer.replace_application(slot);
    }

    /// Returns what has happened since the settings named the present webhook; `None` without one.
    pub(crate) fn counters(&self) -> Option<Counters> {
        self.running.lock().as_ref().map(|running| running.webhook.counters())
    }

    /// Returns how long requests took since then; `None` without a webhook.
    pub(crate) fn request_times(&self) -> Option<Arc<RequestTimes>> {
        self.running.lock().as_ref().map(|running| running.webhook.request_times())
    }

    /// Delivers what waits, for so long, and keeps what could not be delivered for the next start.
    pub(crate) async fn finish(&self, within: Duration) {
        let Some(Running { webhook, deliveries }) = self.running.lock().take() else { return };
        webhook.finish(within);
        let Ok(undelivered) = deliveries.await else { return };
        let Some(path) = self.undelivered.as_ref().filter(|_| !undelivered.is_empty()) else {
            return;
        };
        let count = undelivered.len();
        match write_for_owner(path, &undelivered.join("\n")) {
            Ok(()) => {
                tracing::info!(
                    count,
                    "undelivered notifications are kept, and sent to the application after the next start"
                )
            }
            Err(error) => {
                tracing::error!(%error, count, "undelivered notifications for the application are lost")
            }
        }
    }

    fn take_undelivered(&self) -> Vec<String> {
        let Some(path) = &self.undelivered else { return Vec::new() };
        let Ok(text) = fs::read_to_string(path) else { return Vec::new() };
        _ = fs::remove_file(path);
        text.lines().map(str::to_owned).collect()
    }
}

/// Writes a file that only its owner may read: it says who was there.
fn write_for_owner(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
