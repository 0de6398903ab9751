//! Questions in another dialect.

use std::time::Duration;

use rialto_client::dialects::{Dialect, Question};
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::exit::{Exit, Failure};
use crate::other::{connect, leave};
use crate::remote::Other;

/// Asks a server, and returns its answer.
pub(super) async fn ask(
    other: Other,
    (channel, data): (&str, &RawValue),
    limit: Duration,
    is_quiet: bool,
) -> Result<Option<Box<RawValue>>, Failure> {
    let question = question(other.options.address.dialect(), channel, data)?;
    let (client, _events) = connect(other.options, is_quiet).await?;
    let answer = timeout(limit, client.ask(question)).await;
    leave(client, other.is_made_up).await;
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            let failure = Failure::from(error);
            Err(Failure::new(failure.exit, format!("{channel}: {}", failure.text)))
        }
        Err(_) => {
            Err(Failure::new(Exit::TimedOut, format!("{channel} has not answered for {limit:?}")))
        }
    }
}

fn question(dialect: Dialect, channel: &str, data: &RawValue) -> Result<Question, Failure> {
    let wrong = |text: String| Err(Failure::new(Exit::Usage, text));
    match (dialect, channel) {
        (Dialect::Pubsubx, _) => wrong(
            "PubSubX has no questions: a server answers a connection and nothing else".to_owned(),
        ),
        (Dialect::Coremq, "$status") => Ok(Question::Status),
        (Dialect::Coremq, "$history") => {
            let one = serde_json::from_str::<String>(data.get()).map(|name| vec![name]);
            match one.or_else(|_| serde_json::from_str(data.get())) {
                Ok(queues) => Ok(Question::History(queues)),
                Err(_) => wrong("history takes the name of a queue, or a list of names".to_owned()),
            }
        }
        (Dialect::Coremq, _) => {
            wrong(format!("CoreMQ has no {channel}: a server answers status and history"))
        }
    }
}
