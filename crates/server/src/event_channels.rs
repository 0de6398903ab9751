//! What happens, as messages on channels of its own.
//!
//! `docs/events.md` promises the channels and what is in their messages.

use std::{sync::Arc, time::Duration};

use rialto_broker::{Issuer, Publish};
use rialto_domain::{EVENTS_PREFIX, Qos, UnixMs};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use crate::hub::Hub;

const SECOND: Duration = Duration::from_secs(1);
/// Events of which the broker is told at once.
const TOLD_AT_ONCE_MAX: usize = 256;
/// The channel on which those that were left out are told of.
const LEFT_OUT: &str = "left-out";

/// Publishes what is gathered, and each second how much was left out, until it is aborted.
pub(crate) async fn keep(hub: Arc<Hub>, server: Arc<str>) {
    let feed = &hub.audit.events;
    let mut seconds = interval(SECOND);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut events = Vec::new();
        tokio::select! {
            () = feed.due() => {}
            _ = seconds.tick() => events.extend(feed.end_second().map(|it| (LEFT_OUT, it))),
        }
        let taken = feed.take();
        let wanted = taken.iter().filter(|(kind, _)| feed.wants(*kind));
        events.extend(wanted.map(|(kind, fields)| (kind.as_str(), fields.clone())));
        tell(&hub, &server, events);
        // Whoever finds it there knows that it was told.
        feed.recent.keep(hub.now().unix_ms, &taken);
    }
}

/// Publishes events, which all have these three fields besides their own.
fn tell(hub: &Hub, server: &str, events: Vec<(&'static str, Value)>) {
    let at_ms: UnixMs = hub.now().unix_ms;
    let message = |(event, fields): (&str, Value)| {
        let mut message = json!({"event": event, "server": server, "at_ms": at_ms});
        if let (Value::Object(message), Value::Object(fields)) = (&mut message, fields) {
            message.extend(fields);
        }
        (format!("{EVENTS_PREFIX}{event}"), message.to_string())
    };
    let messages: Vec<(String, String)> = events.into_iter().map(message).collect();
    for some in messages.chunks(TOLD_AT_ONCE_MAX) {
        let publishes: Vec<_> = some
            .iter()
            .map(|(channel, payload)| Publish {
                channel,
                payload: payload.as_bytes(),
                qos: Qos::AtMostOnce,
                retain: false,
            })
            .collect();
        // With QoS 0 there is nothing to wait for.
        drop(hub.push(Issuer::Server, &publishes));
    }
}
