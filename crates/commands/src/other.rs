//! Commands in another dialect than JMQT: connecting, what is told of the connection, and failures.

use rialto_client::dialects::{Client, DemandError, Dialect, Event, Greeting, Options};
use tokio::sync::mpsc;

use crate::exit::{Exit, Failure};
use crate::output::talk;
use crate::table::word;

impl From<DemandError> for Failure {
    fn from(error: DemandError) -> Self {
        let exit = match &error {
            DemandError::Offline | DemandError::Lost => Exit::Unreachable,
            DemandError::Unsayable(_) => Exit::Usage,
            _ => Exit::Failed,
        };
        Failure::new(exit, error.to_string())
    }
}

/// Returns the name of a dialect.
pub(crate) fn name_of(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Coremq => "CoreMQ",
        Dialect::Pubsubx => "PubSubX",
    }
}

/// Says that a dialect does not have what `flag` asks for, and what it has instead.
pub(crate) fn refuse(dialect: Dialect, flag: &str, instead: &str) -> Failure {
    let text = format!("{} has no {flag}: {instead}", name_of(dialect));
    Failure::new(Exit::Usage, text)
}

/// Connects, and tells of a session that goes on.
pub(crate) async fn connect(
    options: Options,
    is_quiet: bool,
) -> Result<(Client, mpsc::Receiver<Event>), Failure> {
    let (client, events) = Client::connect(options).await?;
    if !is_quiet && let Some(text) = of_greeting(client.greeting()) {
        talk(&format!("rialto: {text}"));
    }
    Ok((client, events))
}

/// Says what a greeting means to people, if it means something.
pub(crate) fn of_greeting(greeting: &Greeting) -> Option<String> {
    let Greeting::Restored { channels } = greeting else { return None };
    let channels: Vec<String> = channels.iter().map(|channel| word(channel)).collect();
    Some(match &channels[..] {
        [] => "the session of before goes on".to_owned(),
        _ => format!("the session of before goes on, subscribed to {}", channels.join(", ")),
    })
}

/// Ends a session: for good if nobody comes back to it.
pub(crate) async fn leave(client: Client, is_made_up: bool) {
    // What it was for is done, or told of.
    let _ = if is_made_up { client.leave().await } else { client.close().await };
}
