//! What decisions and deliveries have in common: how a request is sent, and what is counted.

use std::{sync::Arc, time::Duration};

use rialto_application::{Event, Events, Reject};
use rialto_http::StatusCode;
use rialto_stopwatch::timeout;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    Failure, WhenDown,
    answer::Answer,
    body::Body,
    counters::Tally,
    decisions::Decisions,
    health::Health,
    outbox::Outbox,
    post::{Message, Post, unix_ms},
    queue::Notification,
};

/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

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
    pub(crate) decision_health: Health,
    pub(crate) decisions: Decisions,
    pub(crate) events: Events,
    pub(crate) when_down: WhenDown,
}

impl Shared {
    /// Returns what the application answers, where it does not deny: from memory, if it said that
    /// an earlier answer holds. The empty answer, where it is down and the server decides then.
    pub(crate) async fn decide(&self, event: Event, body: Body<'_>) -> Result<Arc<Answer>, Reject> {
        let answer = match self.look_up_or_ask(event, body).await {
            Ok(answer) => answer,
            Err(_) if self.when_down == WhenDown::Allow => Arc::default(),
            Err(_) => return Err(Reject::Undecided),
        };
        answer.check(event).inspect_err(|_| self.tally.denied.add_one())?;
        Ok(answer)
    }

    /// Appends a notification for delivery.
    pub(crate) fn push(&self, notification: Notification) {
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
pub(crate) fn message(event: Event, body: Body<'_>) -> Message {
    let id = Uuid::new_v4().to_string();
    Message { body: body.with_id(&id), id, event }
}
