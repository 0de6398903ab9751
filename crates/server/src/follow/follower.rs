//! A follower as the broker knows it.

use std::sync::Arc;

use rialto_broker::{Answer, Command, Connect, ConnectionKey, Entry, Issuer, Remembered};
use rialto_domain::{Action, Admission, ClientId, CloseReason, Reject};
use rialto_session::follow::profile;
use rialto_wire::follow::Carrier;
use uuid::Uuid;

use super::{replay::Replay, start::Start};
use crate::{
    authorizer::Caller,
    connection_writer::{ConnectionWriter, Counts},
    hub::Hub,
};

/// What somebody wants to follow.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) channels: Vec<String>,
    pub(crate) start: Start,
    pub(crate) carrier: Carrier,
}

/// A connection of the broker's to somebody who only reads; it ends when this is dropped.
pub(crate) struct Follower {
    hub: Arc<Hub>,
    key: ConnectionKey,
    pub(super) writer: Arc<ConnectionWriter>,
    pub(super) carrier: Carrier,
    /// There as long as it has not been sent all that the histories have for it.
    replay: Option<Replay>,
}

impl Follower {
    /// Begins to follow, as a client that is known only meanwhile, with these rights; so many bytes may
    /// wait to be read.
    ///
    /// # Errors
    /// Which channel it may not follow, and why.
    pub(crate) async fn begin(
        hub: &Arc<Hub>,
        caller: Arc<Caller>,
        wanted: &Wanted,
        (rights, bytes_max): (&Admission, usize),
    ) -> Result<Self, (String, Reject)> {
        let Wanted { channels, start, carrier } = wanted;
        let client = ClientId::from(format!("http-{}", Uuid::new_v4().simple()).as_str());
        let known = hub.claim_session(client.as_str(), Remembered::Session).await;
        known.map_err(|reject| (String::new(), reject))?;
        let counts = Counts {
            memory: hub.memory.clone(),
            deliveries: hub.deliveries.clone(),
            entrance: caller.entrance.clone(),
        };
        let writer = Arc::new(ConnectionWriter::new(None, false, bytes_max, counts));
        let takes_retained = *start == Start::Now { retained: true };
        let key = hub.open(profile(*carrier, takes_retained), writer.clone(), caller);
        let mut follower =
            Follower { hub: hub.clone(), key, writer, carrier: *carrier, replay: None };
        let place = start.place(hub.now().unix_ms);
        let replay = hub.round(|broker| {
            let connected = broker.connect(key, &Connect::transient(&client, rights));
            let refused = |reject| (String::new(), reject);
            if connected.map_err(refused)? != Entry::New {
                return Err(refused(Reject::NotAllowed));
            }
            // What was published before is in the histories, and does not come as new.
            broker.settle();
            let replay = place.map(|place| {
                let misses_what_is_gone = start.misses_what_is_gone();
                Replay::begin(broker, (*carrier, place), channels, misses_what_is_gone)
            });
            for channel in channels {
                let refused = |reject| (channel.clone(), reject);
                if replay.is_some() {
                    broker.may(key, Action::History, channel).map_err(refused)?;
                }
                let subscribe = Command::Subscribe { channel, persistent: false };
                let issuer = Issuer::Client(key);
                broker.command(issuer, &subscribe, Answer::None).map_err(refused)?;
            }
            Ok(replay)
        })?;
        follower.replay = replay;
        Ok(follower)
    }

    /// Returns the next portion of what the histories have for it; `None` once there is no more.
    pub(super) fn portion(&mut self) -> Option<Vec<u8>> {
        while let Some(mut replay) = self.replay.take() {
            let mut out = Vec::new();
            let is_all = self.hub.round(|broker| replay.portion(broker, &mut out));
            self.replay = Some(replay).filter(|_| !is_all);
            if !out.is_empty() {
                return Some(out);
            }
        }
        None
    }

    /// Returns why it is to end.
    pub(super) fn closing(&self) -> Option<CloseReason> {
        self.writer.closing()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.writer.abandon();
        self.hub.forget(self.key);
    }
}
