//! Commands in another dialect than JMQT: connecting, what is told of the connection, and failures.

use rialto_client::Qos;
use rialto_client::dialects::{Client, DemandError, Dialect, Event, Greeting, Options, Question};
use serde_json::value::RawValue;
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

/// Checks that the dialect has what a publish asks for.
///
/// # Errors
/// What it has not.
pub(crate) fn check_publish(
    dialect: Dialect,
    asked: Option<Qos>,
    retain: bool,
) -> Result<(), Failure> {
    if asked == Some(Qos::AtLeastOnce) {
        let instead = "a message is sent once, to those who are connected";
        return Err(refuse(dialect, "--qos 1", instead));
    }
    if retain {
        let instead = match dialect {
            Dialect::Coremq => "subscribers can ask for the history of a queue",
            Dialect::Pubsubx => "a message reaches those who are subscribed",
        };
        return Err(refuse(dialect, "--retain", instead));
    }
    Ok(())
}

/// Says what there is in place of a persistent subscription.
pub(crate) fn instead_of_persistence(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Coremq => "a subscription ends with its connection",
        Dialect::Pubsubx => {
            "a client with a name that loses its connection is kept for a minute (--client)"
        }
    }
}

/// Returns the question that a control channel stands for.
///
/// # Errors
/// What the dialect answers instead.
pub(crate) fn question(
    dialect: Dialect,
    channel: &str,
    data: &RawValue,
) -> Result<Question, Failure> {
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
