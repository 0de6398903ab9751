//! What a packet asks that somebody outside has to decide before it is carried out.

use std::borrow::Cow;

use rialto_broker::{Broker, ConnectionKey};
use rialto_domain::{Action, ChannelKind, Qos, channel_kind};

use crate::Dialects;

/// What kind of decision a packet needs; known without looking anything up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matter {
    /// Who the client is.
    Authenticate,
    /// Whether its session may be opened.
    Connect,
    /// Whether it may subscribe.
    Subscribe,
    /// Whether it may unsubscribe.
    Unsubscribe,
    /// Whether it may publish.
    Publish,
    /// What a control channel answers.
    Control,
}

/// What is to be decided, in the packet's own words.
#[derive(Debug, Clone, PartialEq)]
pub enum Inquiry<'a> {
    /// Who the client is that sends this: one JSON text.
    Authenticate {
        /// The credentials.
        data: &'a str,
    },
    /// Whether a session may be opened.
    Connect {
        /// The client's id, or the name that its token is for.
        client: &'a str,
        /// Its token.
        token: &'a str,
    },
    /// Whether the client may subscribe to all of these channels.
    Subscribe {
        /// The channels.
        channels: Vec<&'a str>,
        /// Whether the subscription outlives the session.
        persistent: bool,
    },
    /// Whether the client may unsubscribe from all of these channels.
    Unsubscribe {
        /// The channels.
        channels: Vec<&'a str>,
    },
    /// Whether the client may publish this.
    Publish {
        /// Where to.
        channel: Cow<'a, str>,
        /// One JSON text.
        payload: Cow<'a, str>,
        /// How surely.
        qos: Qos,
        /// Whether it becomes the retained message.
        retain: bool,
    },
    /// What a control channel answers.
    Control {
        /// Its name, without the mark.
        name: &'a str,
        /// The question: one JSON text.
        payload: &'a str,
    },
}

impl Inquiry<'_> {
    /// Says whether the question arises at all: not where the client's rights, or what the channel
    /// is, refuse it anyway.
    pub(crate) fn arises(&self, connection: ConnectionKey, broker: &Broker<Dialects>) -> bool {
        let may = |action, channel: &str| broker.may(connection, action, channel).is_ok();
        match self {
            Inquiry::Authenticate { .. } | Inquiry::Connect { .. } => true,
            Inquiry::Unsubscribe { .. } => broker.client_of(connection).is_some(),
            Inquiry::Subscribe { channels, .. } => {
                // Any: a list of queues is carried out up to the first that is refused.
                let mut channels = channels.iter();
                broker.client_of(connection).is_some()
                    && channels.any(|channel| may(Action::Subscribe, channel))
            }
            Inquiry::Publish { channel, .. } => {
                let action = match channel_kind(channel) {
                    ChannelKind::Topic => Action::Publish,
                    ChannelKind::Direct(_) => Action::Direct,
                    ChannelKind::Control(_) | ChannelKind::Invalid => return false,
                };
                broker.client_of(connection).is_some() && may(action, channel)
            }
            Inquiry::Control { name, .. } => {
                broker.client_of(connection).is_some() && may(Action::Control, &format!("${name}"))
            }
        }
    }
}
