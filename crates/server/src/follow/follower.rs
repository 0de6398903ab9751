//! A follower as the broker knows it.

use std::sync::Arc;

use rialto_broker::{Answer, Command, Issuer};
use rialto_domain::{Action, Admission, Reject};
use rialto_session::follow::profile;
use rialto_wire::follow::Carrier;

use super::{replay::Replay, start::Start};
use crate::{
    authorizer::Caller,
    connection_writer::ConnectionWriter,
    http_session::{HttpSession, Terms},
    hub::Hub,
};

/// What somebody wants to follow.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) channels: Vec<String>,
    pub(crate) start: Start,
    pub(crate) carrier: Carrier,
}

/// Why somebody may not follow.
#[derive(Debug)]
pub(crate) struct NotFollowed {
    /// What of which channel was refused; none where no session could be opened.
    pub(crate) what: Option<(Action, String)>,
    pub(crate) reject: Reject,
}

/// Somebody who only reads; the session ends when this is dropped.
pub(crate) struct Follower {
    session: HttpSession,
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
    ) -> Result<Self, NotFollowed> {
        let Wanted { channels, start, carrier } = wanted;
        let takes_retained = *start == Start::Now { retained: true };
        let terms = Terms {
            profile: profile(*carrier, takes_retained),
            admission: rights,
            bytes_max,
            is_told: true,
        };
        let session = HttpSession::open(hub, caller, terms).await;
        let session = session.map_err(|reject| NotFollowed { what: None, reject })?;
        let key = session.key;
        let place = start.place(hub.now().unix_ms);
        let replay = hub.round(|broker| {
            // What was published before is in the histories, and does not come as new.
            broker.settle();
            let replay = place.map(|place| {
                let misses_what_is_gone = start.misses_what_is_gone();
                Replay::begin(broker, (*carrier, place), channels, misses_what_is_gone)
            });
            for channel in channels {
                let refused = |action| {
                    move |reject| NotFollowed { what: Some((action, channel.clone())), reject }
                };
                if replay.is_some() {
                    let may = broker.may(key, Action::History, channel);
                    may.map_err(refused(Action::History))?;
                }
                let subscribe = Command::Subscribe { channel, persistent: false };
                let issuer = Issuer::Client(key);
                let subscribed = broker.command(issuer, &subscribe, Answer::None);
                subscribed.map_err(refused(Action::Subscribe))?;
            }
            Ok(replay)
        })?;
        Ok(Follower { session, carrier: *carrier, replay })
    }

    /// Returns the next portion of what the histories have for it; `None` once there is no more.
    pub(super) fn portion(&mut self) -> Option<Vec<u8>> {
        while let Some(mut replay) = self.replay.take() {
            let mut out = Vec::new();
            let is_all = self.session.hub.round(|broker| replay.portion(broker, &mut out));
            self.replay = Some(replay).filter(|_| !is_all);
            if !out.is_empty() {
                return Some(out);
            }
        }
        None
    }

    /// Returns where what it is sent waits.
    pub(super) fn writer(&self) -> &ConnectionWriter {
        &self.session.writer
    }
}
