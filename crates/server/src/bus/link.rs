//! This node's link to the bus: puts into bytes what the broker gives, and gives the broker what comes.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use rialto_broker::BusEffect;
use rialto_bus::{
    Kind, Line, Outgoing, Subject, Subjects,
    wire::{Answer, Message},
};
use rialto_config::Settings;
use rialto_domain::ChannelName;
use tokio::time::{sleep, timeout};

use super::{
    BusState, BusTimes,
    open::{self, AnyBus},
};
use crate::error::ServeError;

/// How long a server that stops waits for what is still to be sent, and how often it looks.
const FINISH_WITHIN: Duration = Duration::from_millis(500);
const FINISH_POLL: Duration = Duration::from_millis(5);

/// This node's link to the bus.
pub(crate) struct BusLink {
    pub(super) line: Line,
    pub(super) subjects: Subjects,
    /// What is heard: two channels may have one subject.
    heard: Mutex<HashMap<Subject, Vec<ChannelName>>>,
    times: Arc<BusTimes>,
    pub(super) settings: Settings,
    /// This run of the server.
    pub(super) origin: u64,
}

impl BusLink {
    /// Makes the link that the settings want; `None` if they name no bus.
    ///
    /// # Errors
    /// When they name one that cannot be: not when it is only away.
    pub(crate) fn open(settings: &Settings, origin: u64) -> Result<Option<Arc<Self>>, ServeError> {
        if AnyBus::open(settings)?.is_none() {
            return Ok(None);
        }
        let times = Arc::<BusTimes>::default();
        let noted = times.clone();
        let note = move |took: Duration| noted.published.note(took);
        let link = BusLink {
            line: Line::new(settings.bus.queue_bytes_max.as_usize(), note),
            subjects: open::subjects(settings),
            heard: Mutex::default(),
            times,
            settings: settings.clone(),
            origin,
        };
        link.line.subscribe(link.subjects.all());
        link.line.subscribe(link.subjects.node(origin));
        Ok(Some(Arc::new(link)))
    }

    /// Carries out an effect that is for the other nodes. Waits for nothing.
    pub(crate) fn perform(&self, effect: BusEffect) {
        match effect {
            BusEffect::Hear(channel) => {
                let subject = self.subjects.channel(channel.as_str());
                self.heard.lock().entry(subject.clone()).or_default().push(channel);
                self.line.subscribe(subject);
            }
            BusEffect::Unhear(channel) => self.unhear(&channel),
            BusEffect::Relay(run) => {
                let subject = self.subjects.channel(run.channel.as_str());
                let bytes = Message::Run(*run).encode();
                self.line.publish(Outgoing::new(subject, Kind::Run, bytes));
            }
            BusEffect::Ring(doorbell) => {
                let subject = self.subjects.channel(doorbell.channel.as_str());
                let bare = doorbell.page.is_some().then(|| Message::Doorbell(doorbell.bare()));
                let bytes = Message::Doorbell(*doorbell).encode();
                let bare = bare.map(|bare| bare.encode());
                let message = Outgoing::new(subject, Kind::Doorbell, bytes);
                self.line.publish(Outgoing { bare, ..message });
            }
            BusEffect::Direct(direct) => {
                let bytes = Message::Direct(*direct).encode();
                self.line.publish(Outgoing::new(self.subjects.all(), Kind::Run, bytes));
            }
            BusEffect::Look => self.call_look(),
        }
    }

    /// Tells a node that its message was handed to its client.
    pub(super) fn answer(&self, node: u64, ticket: u64) {
        let bytes = Message::Answer(Answer { ticket, is_heard: true }).encode();
        self.line.publish(Outgoing::new(self.subjects.node(node), Kind::Run, bytes));
    }

    /// Has the other nodes look into the store now.
    pub(crate) fn call_look(&self) {
        let bytes = Message::Look { node: self.origin }.encode();
        self.line.publish(Outgoing::new(self.subjects.all(), Kind::Doorbell, bytes));
    }

    fn unhear(&self, channel: &ChannelName) {
        let subject = self.subjects.channel(channel.as_str());
        let mut heard = self.heard.lock();
        let Some(channels) = heard.get_mut(&subject) else { return };
        channels.retain(|one| one != channel);
        if channels.is_empty() {
            heard.remove(&subject);
            self.line.unsubscribe(&subject);
        }
    }

    /// Returns how it does.
    pub(crate) fn state(&self) -> BusState {
        let counts = self.line.counts();
        BusState {
            is_up: counts.is_up,
            queue_bytes: counts.queue_bytes,
            dropped: [
                ("page", counts.dropped_pages),
                ("run", counts.dropped_runs),
                ("doorbell", counts.dropped_doorbells),
            ],
        }
    }

    pub(crate) fn times(&self) -> &Arc<BusTimes> {
        &self.times
    }

    /// Says whether a channel is the one that is heard by this subject, or one of them.
    pub(super) fn is_of(&self, subject: &Subject, channel: &ChannelName) -> bool {
        self.heard.lock().get(subject).is_some_and(|channels| channels.contains(channel))
    }

    /// Returns the channels that are heard by a subject.
    pub(super) fn channels_of(&self, subject: &Subject) -> Vec<ChannelName> {
        self.heard.lock().get(subject).cloned().unwrap_or_default()
    }

    /// Waits until all is sent, but not for long.
    pub(crate) async fn finish(&self) {
        let sending = async {
            while self.line.counts().is_up && self.line.counts().queue_bytes > 0 {
                sleep(FINISH_POLL).await;
            }
        };
        // What is not through by then is lost, as the bus may lose anything.
        _ = timeout(FINISH_WITHIN, sending).await;
    }
}

/// Looks whether the bus of the settings can be used; returns what is to be told of it.
///
/// # Errors
/// Why it cannot.
pub(crate) async fn check(settings: &Settings) -> Result<String, ServeError> {
    let Some(bus) = AnyBus::open(settings)? else { return Ok("there is no bus".to_owned()) };
    bus.look(&open::subjects(settings)).await?;
    Ok(format!("the bus is there, and {} takes subscriptions", settings.bus.kind))
}
