//! Delivering notifications until the application has them.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::{FutureExt as _, future};
use tokio::time::{self, Instant};

use crate::{Failure, backoff::Backoff, post::Message, shared::Shared};

/// The delivery of notifications: whoever holds the webhook spawns [`run`](Self::run).
#[must_use = "nothing is delivered unless it is run"]
pub struct Deliveries {
    shared: Arc<Shared>,
}

impl Deliveries {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Deliveries { shared }
    }

    /// Delivers until [`Webhook::finish`](crate::Webhook::finish) is called and all is delivered, or
    /// the time it gives is up. Returns the bodies that were not delivered, oldest first; the
    /// application may have got the ones under way all the same.
    ///
    /// Notifications of one client are sent one after the other, in order; those of up to
    /// `concurrency_max` clients at once. One that waits for its next try keeps its place among them.
    pub async fn run(self) -> Vec<String> {
        let workers = (0..self.shared.concurrency_max).map(|_| self.work());
        tokio::select! {
            _ = future::join_all(workers) => {}
            () = self.shared.outbox.time_up() => {}
        }
        let left = self.shared.outbox.end();
        left.into_iter().map(|notification| notification.message.body.clone()).collect()
    }

    async fn work(&self) {
        while let Some((number, notification)) = self.shared.outbox.next().await {
            // What panics here must not end the delivery of all others.
            let delivery = AssertUnwindSafe(self.deliver(&notification.message));
            if delivery.catch_unwind().await.is_err() {
                self.shared.lose();
            }
            self.shared.outbox.finish(number);
        }
    }

    /// Tries until it is taken, or the time for that is over.
    async fn deliver(&self, message: &Message) {
        let Shared { tally, notification_health: health, retry_for, .. } = &*self.shared;
        let begin = Instant::now();
        let mut backoff = Backoff::new();
        while let Err(failure) = self.send(message).await {
            health.fails(message.event.as_str(), failure);
            let pause = backoff.pause();
            if *retry_for < begin.elapsed() + pause {
                return self.shared.lose();
            }
            time::sleep(pause).await;
            tally.retried.add_one();
        }
        health.works();
        tally.delivered.add_one();
    }

    /// Sends once. Unlike a decision, it may wait for its turn as long as it takes.
    async fn send(&self, message: &Message) -> Result<(), Failure> {
        let _slot = self.shared.slots.acquire().await.expect("the slots are never closed");
        let answer =
            rialto_stopwatch::timeout(self.shared.timeout, self.shared.post.send(message)).await;
        let status = answer.unwrap_or(Err(Failure::TimedOut))?.status();
        if status.is_success() { Ok(()) } else { Err(Failure::Status(status.as_u16())) }
    }
}
