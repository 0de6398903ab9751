//! The application behind a URL.

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use crate::{
    Counters, Deliveries, RequestTimes, Settings, WebhookError, counters::Tally,
    decisions::Decisions, health::Health, outbox::Outbox, post::Post, shared::Shared,
};

mod application;
mod requeue;

/// Asks the application behind a URL at each event, and tells it who is gone.
///
/// Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Webhook {
    shared: Arc<Shared>,
}

impl Webhook {
    /// Makes a webhook, and the delivery of its notifications, which the caller must run.
    ///
    /// # Errors
    /// [`WebhookError`] for settings that cannot work. Whether anybody listens at the URL is not
    /// tried.
    pub fn new(settings: Settings) -> Result<(Self, Deliveries), WebhookError> {
        settings.check()?;
        let Settings { url, secret, authority, concurrency_max, .. } = settings;
        let shared = Arc::new(Shared {
            post: Post::new(&url, authority.as_deref(), &secret)?,
            slots: Semaphore::new(concurrency_max.min(Semaphore::MAX_PERMITS)),
            concurrency_max,
            timeout: settings.timeout,
            retry_for: settings.retry_for,
            outbox: Outbox::new(settings.queue_max),
            tally: Tally::default(),
            notification_health: Health::new("notification"),
            decision_health: Health::new("decision"),
            decisions: Decisions::new(settings.cache_max),
            events: settings.events,
            when_down: settings.when_down,
        });
        let deliveries = Deliveries::new(Arc::clone(&shared));
        Ok((Webhook { shared }, deliveries))
    }

    /// Says that no more notifications are to come, and how long those that wait may still be
    /// delivered. [`Deliveries::run`] then ends. Decisions are asked for as before.
    pub fn finish(&self, within: Duration) {
        self.shared.outbox.close(within);
    }

    /// Takes back what [`Deliveries::run`] returned, in its order; best before anything else comes.
    /// Each is tried for as long as a new one, under the id it had. What is no notification of ours
    /// is dropped, counted and logged.
    pub fn requeue(&self, bodies: Vec<String>) {
        for body in bodies {
            match requeue::read(body) {
                Some(notification) => self.shared.push(notification),
                None => self.shared.lose(),
            }
        }
    }

    /// Returns how long requests took since the start.
    #[must_use]
    pub fn request_times(&self) -> Arc<RequestTimes> {
        self.shared.post.times.clone()
    }

    /// Returns what has happened since the start.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.tally.snapshot()
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Webhook").field("counters", &self.counters()).finish_non_exhaustive()
    }
}
