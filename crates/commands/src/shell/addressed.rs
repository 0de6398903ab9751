//! A conversation in the dialect of the address, which `connect` may change.

use std::num::NonZeroU32;
use std::time::Duration;

use rialto_client::Backoff;

use crate::address::Address;
use crate::channel::looks_like_pattern;
use crate::exit::{Exit, Failure};
use crate::other::refuse;
use crate::remote::{Aim, RemoteArgs, default_server};

use super::command::{Data, Publish, Target};
use super::feed::Feed;
use super::jmqt::JmqtSession;
use super::other::OtherSession;
use super::peer::{Peer, Reply};

/// A peer that speaks the dialect of the address.
pub(super) struct AddressedPeer {
    /// Where to connect to and as whom, unless a command says otherwise.
    remote: RemoteArgs,
    /// Where the last session was, or is.
    current: Address,
    feed: Feed,
    /// How long an answer may take.
    limit: Duration,
    session: Option<Session>,
}

enum Session {
    Jmqt(JmqtSession),
    Other(OtherSession),
}

impl AddressedPeer {
    pub(super) fn new(remote: RemoteArgs, limit: Duration, feed: Feed) -> Self {
        let current = Address::Jmqt(default_server());
        AddressedPeer { remote, current, feed, limit, session: None }
    }

    fn session(&mut self) -> Result<&mut Session, Failure> {
        self.session.as_mut().ok_or_else(|| {
            Failure::new(Exit::Unreachable, "there is no connection; connect makes one")
        })
    }

    async fn open(&self, aim: Aim) -> Result<Session, Failure> {
        let reconnect = (!self.remote.no_reconnect).then(Backoff::default);
        let (limit, feed) = (self.limit, &self.feed);
        match aim {
            Aim::Jmqt(remote) => {
                JmqtSession::open(&remote, reconnect, limit, feed).await.map(Session::Jmqt)
            }
            Aim::Other(other) => {
                OtherSession::open(*other, reconnect, limit, feed).await.map(Session::Other)
            }
        }
    }
}

impl Session {
    fn place(&self) -> String {
        match self {
            Session::Jmqt(session) => session.place(),
            Session::Other(session) => session.place(),
        }
    }
}

impl Peer for AddressedPeer {
    async fn connect(&mut self, target: &Target) -> Result<Reply, Failure> {
        let (address, client) = (target.address.as_deref(), target.client.as_deref());
        let mut remote = self.remote.aimed_at(&self.current, address, client)?;
        let address = remote.address()?.unwrap_or_else(|| Address::Jmqt(default_server()));
        if target.address.is_some() && target.client.is_none() {
            remote.forget_useless_client(&address);
        }
        // What is wrong with it is known before the session of before has ended.
        let aim = remote.aim("shell", None)?;
        self.disconnect().await?;
        let session = self.open(aim).await.map_err(|failure| with_advice(failure, target))?;
        let said = format!("connected to {}", session.place());
        self.session = Some(session);
        (self.remote, self.current) = (remote, address);
        Ok(Reply::Said(said))
    }

    async fn disconnect(&mut self) -> Result<Reply, Failure> {
        match self.session.take() {
            Some(Session::Jmqt(session)) => session.close().await,
            Some(Session::Other(session)) => session.leave().await,
            None => return Ok(Reply::said("there is no connection")),
        }
        Ok(Reply::said("disconnected"))
    }

    async fn part(&mut self) {
        match self.session.take() {
            Some(Session::Jmqt(session)) => session.close().await,
            Some(Session::Other(session)) => session.part().await,
            None => {}
        }
    }

    fn is_connected(&self) -> bool {
        match &self.session {
            Some(Session::Jmqt(session)) => session.is_open(),
            Some(Session::Other(session)) => session.is_open(),
            None => false,
        }
    }

    async fn publish(&mut self, publish: &Publish) -> Result<Reply, Failure> {
        match self.session()? {
            Session::Jmqt(session) => session.publish(publish).await,
            Session::Other(session) => session.publish(publish).await,
        }
    }

    async fn subscribe(&mut self, channel: &str, is_persistent: bool) -> Result<Reply, Failure> {
        if looks_like_pattern(channel) {
            let text = format!("{channel} is taken literally: channels have no wildcards");
            self.feed.notice(text).await;
        }
        match self.session()? {
            Session::Jmqt(session) => session.subscribe(channel, is_persistent).await,
            Session::Other(session) => session.subscribe(channel, is_persistent).await,
        }
    }

    async fn unsubscribe(&mut self, channel: &str) -> Result<Reply, Failure> {
        match self.session()? {
            Session::Jmqt(session) => session.unsubscribe(channel).await,
            Session::Other(session) => session.unsubscribe(channel).await,
        }
    }

    async fn request(&mut self, channel: &str, data: Option<&Data>) -> Result<Reply, Failure> {
        match self.session()? {
            Session::Jmqt(session) => session.request(channel, data).await,
            Session::Other(session) => session.request(channel, data).await,
        }
    }

    async fn retained(&mut self, channel: &str) -> Result<Reply, Failure> {
        match self.session()? {
            Session::Jmqt(session) => session.retained(channel).await,
            Session::Other(session) => {
                let instead = "only JMQT shows the retained message of a channel";
                Err(refuse(session.dialect(), "retained", instead))
            }
        }
    }

    async fn history(
        &mut self,
        channel: &str,
        count: Option<NonZeroU32>,
    ) -> Result<Option<Reply>, Failure> {
        match &mut self.session {
            Some(Session::Other(session)) => session.history(channel, count).await,
            Some(Session::Jmqt(_)) | None => Ok(None),
        }
    }

    fn status(&self) -> Vec<String> {
        match &self.session {
            Some(Session::Jmqt(session)) => session.status(),
            Some(Session::Other(session)) => session.status(),
            None => vec!["not connected".to_owned()],
        }
    }
}

/// Adds, where a word that may be a name was taken for a machine, how a name is written.
fn with_advice(failure: Failure, target: &Target) -> Failure {
    match (&target.address, &target.client) {
        (Some(word), None) if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            let text = format!("{}\n  a client's name stands behind the address", failure.text);
            Failure { text, ..failure }
        }
        _ => failure,
    }
}
