//! Publishing in another dialect.

use std::time::Duration;

use rialto_client::dialects::{Answered, Client};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::exit::{Exit, Failure};
use crate::other::{connect, leave};
use crate::remote::Other;

use super::lines::Messages;
use super::tally::{Progress, Tally};

/// How to publish.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    /// Messages that may be unanswered at the same time.
    pub(super) window: usize,
    /// Longest wait for an answer.
    pub(super) limit: Duration,
    pub(super) is_quiet: bool,
}

/// Publishes all messages; what went well counts even if the rest fails.
pub(super) async fn publish(
    how: How,
    other: Other,
    messages: Messages,
    progress: &Progress,
) -> Result<(Tally, Result<(), Failure>), Failure> {
    let (client, mut events) = connect(other.options, how.is_quiet).await?;
    // What a session of before brings is nobody's here, and must not hold up the answers.
    let passing_over = tokio::spawn(async move { while events.recv().await.is_some() {} });
    let (started, pending) = mpsc::channel(how.window);
    let sender = tokio::spawn(send_all(client.clone(), messages, started));
    let mut tally = Tally::new();
    let collected = collect(pending, how.limit, &mut tally, progress).await;
    let result = match collected {
        Ok(()) => sender.await.unwrap_or_else(|panic| {
            Err(Failure::new(Exit::Failed, format!("the sending task failed: {panic}")))
        }),
        Err(failure) => {
            sender.abort();
            Err(failure)
        }
    };
    leave(client, other.is_made_up).await;
    // With the connection, once what was written is on its way.
    let _ = passing_over.await;
    Ok((tally, result))
}

async fn send_all(
    client: Client,
    mut messages: Messages,
    started: mpsc::Sender<(Answered, u64)>,
) -> Result<(), Failure> {
    while let Some(message) = messages.recv().await {
        let message = message?;
        let answer = client.start_publish(&message.channel, &message.payload).await?;
        if started.send((answer, message.bytes)).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn collect(
    mut pending: mpsc::Receiver<(Answered, u64)>,
    limit: Duration,
    tally: &mut Tally,
    progress: &Progress,
) -> Result<(), Failure> {
    while let Some((answer, bytes)) = pending.recv().await {
        match timeout(limit, answer).await {
            Ok(Ok(_)) => tally.acknowledged(),
            Ok(Err(error)) => {
                let failure = Failure::from(error);
                let count = tally.acknowledged_count();
                let text = format!("{}; {count} messages before it were sent", failure.text);
                return Err(Failure::new(failure.exit, text));
            }
            Err(_) => {
                let text = format!("the server has not answered a message for {limit:?}");
                return Err(Failure::new(Exit::TimedOut, text));
            }
        }
        progress.advance(bytes, tally);
    }
    Ok(())
}
