//! What can be shown.

use rialto_client::{Message, Push};
use tokio::sync::oneshot;

use crate::exit::Failure;

use super::peer::Reply;

/// Something to show.
#[derive(Debug)]
pub(super) enum Item {
    /// A message of JMQT, acknowledged once it is shown.
    Message(Box<Message>),
    /// A message of another dialect.
    Push(Box<Push>),
    /// What came of a command.
    Reply(Reply),
    /// Something that happened.
    Notice(String),
    /// A command failed; with the number of its line in a script.
    Problem { failure: Failure, line: Option<u64> },
    /// Tells when everything before it is shown.
    Flush(oneshot::Sender<()>),
}
