//! Questions in another dialect.

use std::time::Duration;

use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::exit::{Exit, Failure};
use crate::other::{connect, leave, question};
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
