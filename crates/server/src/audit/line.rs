//! A line of the trace: which fields it has, in which order.
//!
//! What strangers wrote comes last, so that a program that reads from the front is not misled by it.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use rialto_domain::AUDIT_TARGET;

use super::{
    event::{Event, Reason},
    rate::LeftOut,
};
use crate::entrance::{Entrance, Origin};

/// Bytes of a stranger's text in a line.
const TEXT_BYTES_MAX: usize = 256;

/// What is told of a refusal besides who was refused.
#[derive(Debug)]
pub(crate) struct Details {
    pub(crate) reason: Reason,
    /// Which rule, setting or right.
    pub(crate) rule: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) channel: Option<String>,
    /// More on the reason, in words of our own.
    pub(crate) detail: Option<String>,
}

/// A refusal that has its line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) event: Event,
    pub(super) entrance: Arc<Entrance>,
    pub(super) address: IpAddr,
    /// 0 is not known.
    pub(super) port: u16,
    pub(super) details: Details,
}

impl Details {
    pub(crate) fn new(reason: Reason) -> Self {
        Details { reason, rule: None, client: None, channel: None, detail: None }
    }

    pub(crate) fn client(self, client: &str) -> Self {
        Details { client: Some(shortened(client).into_owned()), ..self }
    }

    pub(crate) fn channel(self, channel: &str) -> Self {
        Details { channel: Some(shortened(channel).into_owned()), ..self }
    }

    pub(crate) fn rule(self, rule: impl Into<String>) -> Self {
        Details { rule: Some(rule.into()), ..self }
    }

    pub(crate) fn detail(self, detail: &str) -> Self {
        Details { detail: Some(shortened(detail).into_owned()), ..self }
    }
}

impl Line {
    pub(super) fn new(origin: Origin<'_>, event: Event, details: Details) -> Self {
        let (address, port) = (origin.address.ip(), origin.address.port());
        Line { event, entrance: origin.entrance.clone(), address, port, details }
    }

    pub(super) fn write(&self) {
        let Line { event, entrance, address, port, details } = self;
        let Details { reason, rule, client, channel, detail } = details;
        tracing::info!(
            target: AUDIT_TARGET,
            event = event.as_str(),
            dialect = entrance.dialect,
            listener = entrance.listener,
            %address,
            port = (*port != 0).then_some(*port),
            reason = reason.as_str(),
            rule = rule.as_deref(),
            client = client.as_deref(),
            channel = channel.as_deref(),
            detail = detail.as_deref(),
            "refused"
        );
    }
}

impl LeftOut {
    pub(super) fn write(&self, window_s: u64) {
        tracing::info!(
            target: AUDIT_TARGET,
            event = self.key.map_or("refused", |(_, event)| event.as_str()),
            address = self.key.map(|(address, _)| display(address)),
            left_out = self.count,
            window_s,
            "more were refused than are told of one by one"
        );
    }
}

/// Returns the beginning of a text that is too long for a line.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_BYTES_MAX {
        return Cow::Borrowed(text);
    }
    let mut end = TEXT_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!("{}…", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        assert_eq!(shortened("short"), "short");
        let long = "ä".repeat(TEXT_BYTES_MAX);
        assert_eq!(shortened(&long), format!("{}…", "ä".repeat(TEXT_BYTES_MAX / 2)));
    }
}
