//! What comes over the bus: read, and given to the broker.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use rialto_bus::{
    Event, Subject,
    wire::{Answer, DecodeError, Message},
};
use rialto_domain::{
    ChannelName, UnixMs,
    bus::{Direct, Doorbell},
};
use tokio::sync::mpsc;

use super::{link::BusLink, open::AnyBus};
use crate::hub::{Hub, PACKETS_PER_ROUND_MAX};

/// Events that wait to be taken.
const EVENTS_MAX: usize = 1024;

/// Keeps the link up until the task is aborted.
pub(crate) async fn keep(link: Arc<BusLink>, hub: Arc<Hub>) {
    // It could be made before, from the same settings.
    let Ok(Some(bus)) = AnyBus::open(&link.settings) else { return };
    let (sender, events) = mpsc::channel(EVENTS_MAX);
    tokio::join!(bus.run(&link.line, sender), take_all(&link, &hub, events));
}

async fn take_all(link: &BusLink, hub: &Hub, mut events: mpsc::Receiver<Event>) {
    let mut some = Vec::new();
    while events.recv_many(&mut some, PACKETS_PER_ROUND_MAX).await > 0 {
        let (mut wants_look, now) = (false, hub.now().unix_ms);
        let told: Vec<Told> =
            some.drain(..).flat_map(|event| understand(link, event, now)).collect();
        hub.round(|broker| {
            for told in told {
                match told {
                    Told::Run(run) => broker.on_node_run(&run),
                    Told::Rung(doorbell) => wants_look |= broker.on_rung(&doorbell),
                    Told::Direct(direct) => {
                        if broker.on_node_direct(&direct) {
                            link.answer(direct.node, direct.ticket);
                        }
                    }
                    Told::HandedOn(ticket) => broker.on_direct_answer(ticket),
                    Told::Heard(channel) => broker.on_heard(&channel),
                    Told::Look => wants_look = true,
                    Told::IsUp(is_up) => {
                        broker.on_bus(is_up);
                        // What it lost, the store has.
                        wants_look = true;
                    }
                }
            }
        });
        if wants_look {
            hub.look();
        }
    }
}

fn understand(link: &BusLink, event: Event, now: UnixMs) -> Vec<Told> {
    match event {
        Event::Message(subject, bytes) => read(link, &subject, &bytes, now).into_iter().collect(),
        Event::Subscribed(subjects) => {
            let channels = subjects.iter().flat_map(|subject| link.channels_of(subject));
            channels.map(Told::Heard).collect()
        }
        Event::Up => vec![Told::IsUp(true)],
        Event::Down => vec![Told::IsUp(false)],
    }
}

fn read(link: &BusLink, subject: &Subject, bytes: &Bytes, now: UnixMs) -> Option<Told> {
    match Message::decode(bytes) {
        Ok(Message::Run(run)) => {
            link.is_of(subject, &run.channel).then(|| Told::Run(Box::new(run)))
        }
        Ok(Message::Doorbell(doorbell)) if doorbell.origin == link.origin => None,
        Ok(Message::Doorbell(doorbell)) => {
            let late = Duration::from_millis(now.saturating_sub(doorbell.sent));
            link.times().late.note(late);
            let is_of = link.is_of(subject, &doorbell.channel);
            is_of.then(|| Told::Rung(Box::new(doorbell)))
        }
        Ok(Message::Look { node }) => (node != link.origin).then_some(Told::Look),
        Ok(Message::Direct(direct)) => {
            (direct.node != link.origin).then(|| Told::Direct(Box::new(direct)))
        }
        // Another node may still have the client of which this one says no.
        Ok(Message::Answer(Answer { ticket, is_heard })) => {
            is_heard.then_some(Told::HandedOn(ticket))
        }
        Err(DecodeError::Version(version)) => {
            tracing::debug!(version, "another version of the bus is spoken: left out");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "what came over the bus is no message of a node: left out");
            None
        }
    }
}

/// What came, understood.
enum Told {
    Run(Box<rialto_domain::bus::Run>),
    Rung(Box<Doorbell>),
    Direct(Box<Direct>),
    HandedOn(u64),
    Heard(ChannelName),
    Look,
    IsUp(bool),
}
