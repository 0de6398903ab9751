//! Subscribing in another dialect.

use std::num::NonZeroU64;
use std::time::Duration;

use rialto_client::dialects::{Client, Event};
use rialto_client::{Backoff, Push};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::channel::looks_like_pattern;
use crate::exit::{Exit, Failure};
use crate::other::{connect, instead_of_persistence, leave, of_greeting, refuse};
use crate::output::talk;
use crate::remote::Other;

use super::printer::{BATCH_COUNT_MAX, Printer};
use super::stop::stop_asked;

/// What to print, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct What<'a> {
    pub(super) channels: &'a [String],
    pub(super) count: Option<NonZeroU64>,
    /// Longest wait for a message.
    pub(super) limit: Duration,
    pub(super) reconnects: bool,
    pub(super) is_quiet: bool,
}

impl What<'_> {
    fn say(&self, text: &str) {
        if !self.is_quiet {
            talk(&format!("rialto: {text}"));
        }
    }
}

/// Prints the messages of channels; without a printer, persistence was asked for.
pub(super) async fn subscribe(
    what: What<'_>,
    other: Other,
    printer: Option<Printer>,
) -> Result<(), Failure> {
    let dialect = other.options.address.dialect();
    let Some(printer) = printer else {
        let instead = instead_of_persistence(dialect);
        return Err(refuse(dialect, "--persistent or --forget", instead));
    };
    let mut options = other.options;
    options.reconnect = what.reconnects.then(Backoff::default);
    let (client, events) = connect(options, what.is_quiet).await?;
    let result = tokio::select! {
        result = follow(what, &client, events, printer) => result,
        result = stop_asked() => result,
    };
    leave(client, other.is_made_up).await;
    result
}

async fn follow(
    what: What<'_>,
    client: &Client,
    mut events: mpsc::Receiver<Event>,
    mut printer: Printer,
) -> Result<(), Failure> {
    for channel in what.channels {
        if looks_like_pattern(channel) {
            what.say(&format!("{channel} is taken literally: channels have no wildcards"));
        }
        client.subscribe(channel).await?;
        what.say(&format!("subscribed to {channel}"));
    }
    let mut wanted = what.count.map_or(u64::MAX, NonZeroU64::get);
    while wanted != 0 {
        let count = BATCH_COUNT_MAX.min(usize::try_from(wanted).unwrap_or(BATCH_COUNT_MAX));
        let batch = next(what, &mut events, count).await?;
        let Some(printed_count) = printer.print(&batch)? else { return Ok(()) };
        wanted -= printed_count;
    }
    Ok(())
}

/// Waits for messages, and returns at most `count`; tells what else happens.
async fn next(
    what: What<'_>,
    events: &mut mpsc::Receiver<Event>,
    count: usize,
) -> Result<Vec<Push>, Failure> {
    let limit = what.limit;
    let messages = async {
        let (mut taken, mut messages) = (Vec::new(), Vec::new());
        while messages.is_empty() {
            if events.recv_many(&mut taken, count).await == 0 {
                return Err(Failure::new(Exit::Unreachable, "the client has ended"));
            }
            for event in taken.drain(..) {
                messages.extend(message_of(what, event)?);
            }
        }
        Ok(messages)
    };
    timeout(limit, messages)
        .await
        .unwrap_or_else(|_| Err(Failure::new(Exit::TimedOut, format!("no message for {limit:?}"))))
}

fn message_of(what: What<'_>, event: Event) -> Result<Option<Push>, Failure> {
    match event {
        Event::Message(push) => return Ok(Some(push)),
        Event::Lost(text) => what.say(&format!("{text}; connecting again")),
        Event::Back(greeting) => {
            what.say("connected again");
            if let Some(text) = of_greeting(&greeting) {
                what.say(&text);
            }
        }
        Event::Ended(text) => return Err(Failure::new(Exit::Unreachable, text)),
        _ => {}
    }
    Ok(None)
}
