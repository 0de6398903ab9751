//! The two kinds of name the broker routes by: who a client is and what a channel is called.

use std::{borrow::Borrow, fmt, sync::Arc};

/// Identifies a client across its connections; the empty id means the server itself.
///
/// Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(Arc<str>);

/// Names a channel, exactly as the client wrote it: blanks and case count.
///
/// Cheap to clone. Length is checked where the name comes in, against the configured limit.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelName(Arc<str>);

/// What the names of the channels begin with on which the server tells what happens. They are topics to
/// which nobody else publishes.
pub const EVENTS_PREFIX: &str = "$events/";

/// What the first character of a channel's name makes of it (J-49, J-61).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind<'a> {
    /// An ordinary channel: anybody may publish and subscribe.
    Topic,
    /// `#client`: reaches that one client, whose subscription the server makes.
    Direct(&'a str),
    /// `$name`: a question to the server.
    Control(&'a str),
    /// Empty, or only the mark of a direct or control channel.
    Invalid,
}

impl ClientId {
    /// Returns the id of the server, as the source of its own messages.
    #[must_use]
    pub fn server() -> Self {
        ClientId(Arc::from(""))
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the channel that reaches this client directly: `#` and its id.
    #[must_use]
    pub fn direct_channel(&self) -> ChannelName {
        ChannelName(Arc::from(format!("#{}", self.0)))
    }
}

impl ChannelName {
    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says what kind of channel this is.
    #[must_use]
    pub fn kind(&self) -> ChannelKind<'_> {
        channel_kind(&self.0)
    }
}

/// Says what kind of channel `name` is, without making a [`ChannelName`] of it.
#[must_use]
pub fn channel_kind(name: &str) -> ChannelKind<'_> {
    match name.as_bytes().first() {
        None => ChannelKind::Invalid,
        Some(b'#' | b'$') if name.len() == 1 => ChannelKind::Invalid,
        Some(b'#') => ChannelKind::Direct(&name[1..]),
        Some(b'$') if is_event_channel(name) => ChannelKind::Topic,
        Some(b'$') => ChannelKind::Control(&name[1..]),
        Some(_) => ChannelKind::Topic,
    }
}

/// Says whether this is a channel on which the server tells what happens.
#[must_use]
#[inline]
pub fn is_event_channel(name: &str) -> bool {
    name.as_bytes().first() == Some(&b'$')
        && name.strip_prefix(EVENTS_PREFIX).is_some_and(|rest| !rest.is_empty())
}

/// Gives a text newtype the conversions that maps, logs and tests want.
macro_rules! text_newtype {
    ($name:ident) => {
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(Arc::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                $name(Arc::from(text))
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, out)
            }
        }
    };
}

text_newtype!(ClientId);
text_newtype!(ChannelName);
