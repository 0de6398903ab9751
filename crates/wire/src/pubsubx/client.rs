//! The client's half: commands as bytes.

use memchr::memmem;

use super::{command::Command, frame::END};

/// A command that PubSubX has no words for: a name with a blank, or a text that would end the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsayable {
    /// The name of a topic or client is empty, or has a blank or an end of a message in it.
    #[error("a name in PubSubX is not empty, and has no blank and no line breaks before an x")]
    Name,
    /// The text has the end of a message in it.
    #[error("a text in PubSubX has no two line breaks before an x: that ends a message")]
    Text,
}

/// Appends a command with its end.
///
/// # Errors
/// [`Unsayable`]; nothing is appended.
///
/// # Spec
/// P-1, P-8, P-9, P-41.
pub fn put_command(out: &mut Vec<u8>, command: &Command<'_>) -> Result<(), Unsayable> {
    let text = match *command {
        Command::Connect { name: client, token: "" } => format!("CONNECT {}", name(client)?),
        Command::Connect { name: client, token } => {
            format!("CONNECT {} {}", name(client)?, data(token)?)
        }
        Command::Disconnect => "DISCONNECT".to_owned(),
        Command::Publish { topic, data: text } => {
            format!("PUBLISH {} {}", name(topic)?, data(text)?)
        }
        Command::Subscribe(topic) => format!("SUBSCRIBE {}", name(topic)?),
        Command::Unsubscribe(topic) => format!("UNSUBSCRIBE {}", name(topic)?),
        Command::Unknown => return Err(Unsayable::Text),
    };
    // A line break at the end of a text may begin an end with what follows.
    let whole = [text.as_bytes(), END].concat();
    if memmem::find(&whole, END) != Some(text.len()) {
        return Err(Unsayable::Text);
    }
    out.extend_from_slice(&whole);
    Ok(())
}

fn name(name: &str) -> Result<&str, Unsayable> {
    let is_name = !name.is_empty() && !name.contains(' ') && !contains_end(name);
    is_name.then_some(name).ok_or(Unsayable::Name)
}

fn data(text: &str) -> Result<&str, Unsayable> {
    if contains_end(text) { Err(Unsayable::Text) } else { Ok(text) }
}

fn contains_end(text: &str) -> bool {
    memmem::find(text.as_bytes(), END).is_some()
}
