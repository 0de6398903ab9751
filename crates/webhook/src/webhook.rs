//! The application behind a URL: what every request has in common.

use std::{fmt, sync::Arc, time::Duration};

use rialto_application::{Event, Events, Reject};
use rialto_http::StatusCode;
use rialto_stopwatch::timeout;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    Counters, Deliveries, Failure, Settings, WebhookError, WhenDown,
    answer::Answer,
    body::Body,
    counters::Tally,
    decisions::Decisions,
    health::Health,
    outbox::Outbox,
    post::{Message, Post, unix_ms},
    queue::Notification,
};

mod application;
mod requeue;

/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Asks the application behind a URL at each event, and tells it who is gone.
///
/// Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Webhook {
    shared: Arc<Shared>,
}

/// What decisions and deliveries have in common.
pub(crate) struct Shared {
    pub(crate) post: Post,
    pub(crate) slots: Semaphore,
    pub(crate) concurrency_max: usize,
    pub(crate) timeout: Duration,
    pub(crate) retry_for: Duration,
    pub(crate) outbox: Outbox,
    pub(crate) tally: Tally,
    pub(crate) notification_health: Health,
    decision_health: Health,
    decisions: Decisions,
    events: Events,
    when_down: WhenDown,
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

    /// Returns what has happened since the start.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.tally.snapshot()
    }
}

impl Shared {
    /// Returns what the application answers, where it does not deny: from memory, if it said that
    /// an earlier answer holds. The empty answer, where it is down and the server decides then.
    async fn decide(&self, event: Event, body: Body<'_>) -> Result<Arc<Answer>, Reject> {
        let answer = match self.look_up_or_ask(event, body).await {
            Ok(answer) => answer,
            Err(_) if self.when_down == WhenDown::Allow => Arc::default(),
            Err(_) => return Err(Reject::Undecided),
        };
        answer.check(event).inspect_err(|_| self.tally.denied.add_one())?;
        Ok(answer)
    }

    /// Appends a notification for delivery.
    fn push(&self, notification: Notification) {
        if self.outbox.push(notification) {
            self.lose();
        }
    }

    /// Counts a notification that will not be delivered.
    pub(crate) fn lose(&self) {
        self.tally.dropped.add_one();
        self.notification_health.loses();
    }

    async fn look_up_or_ask(&self, event: Event, body: Body<'_>) -> Result<Arc<Answer>, Failure> {
        let question = body.question();
        if let Some(answer) = self.decisions.get(&question) {
            self.tally.cached.add_one();
            return Ok(answer);
        }
        self.tally.asked.add_one();
        let answer = timeout(self.timeout, self.ask(event, body)).await;
        let answer = answer.unwrap_or(Err(Failure::TimedOut)).inspect_err(|failure| {
            self.tally.failed.add_one();
            self.decision_health.fails(event.as_str(), *failure);
        })?;
        self.decision_health.works();
        let answer = Arc::new(answer);
        self.decisions.keep(question, &answer);
        Ok(answer)
    }

    async fn ask(&self, event: Event, body: Body<'_>) -> Result<Answer, Failure> {
        let _slot = self.slots.acquire().await.expect("the slots are never closed");
        let answer = self.post.send(&message(event, body.asked_at(unix_ms()))).await?;
        match answer.status() {
            StatusCode::OK => {
                let body = answer.read(ANSWER_BYTES_MAX).await;
                Answer::read(event, &body.map_err(|error| Failure::of(&error))?)
            }
            StatusCode::NO_CONTENT => Ok(Answer::default()),
            status => Err(Failure::Status(status.as_u16())),
        }
    }
}

/// Gives a body its id.
fn message(event: Event, body: Body<'_>) -> Message {
    let id = Uuid::new_v4().to_string();
    Message { body: body.with_id(&id), id, event }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Webhook").field("counters", &self.counters()).finish_non_exhaustive()
    }
}
