//! The shell's conversation in PubSubX, in the manner of its own client.

use std::num::NonZeroU32;
use std::time::Duration;

use rialto_client::Backoff;
use rialto_client::dialects::{DemandError, Dialect};
use rialto_client::shown::one_word;
use serde_json::value::to_raw_value;

use crate::address::Address;
use crate::exit::{Exit, Failure};
use crate::remote::RemoteArgs;

use super::command::{Data, Publish, Target};
use super::feed::Feed;
use super::greeting::greeted;
use super::online::Online;
use super::peer::{Peer, Reply};

/// Where a server is unless said otherwise.
const DEFAULT: &str = "pubsubx://127.0.0.1:12000";

/// A peer that speaks PubSubX.
pub(super) struct PubsubxPeer {
    /// Where to connect to and as whom, unless a command says otherwise.
    remote: RemoteArgs,
    /// Where the last session was, or is.
    current: Address,
    feed: Feed,
    /// How long a server may take to let the client in, or to take what is sent.
    limit: Duration,
    online: Option<Online>,
}

impl PubsubxPeer {
    pub(super) fn new(remote: RemoteArgs, limit: Duration, feed: Feed) -> Result<Self, Failure> {
        let default = || DEFAULT.parse().expect("the default is an address");
        let current = remote.address()?.unwrap_or_else(default);
        Ok(PubsubxPeer { remote, current, feed, limit, online: None })
    }

    fn online(&mut self) -> Result<&mut Online, Failure> {
        let is_open = self.is_connected();
        self.online.as_mut().filter(|_| is_open).ok_or_else(|| {
            let text = "the client is not connected; CONNECT <port> <name> connects it";
            Failure::new(Exit::Unreachable, text)
        })
    }

    async fn in_time(
        limit: Duration,
        done: impl Future<Output = Result<(), DemandError>>,
    ) -> Result<(), Failure> {
        let done = tokio::time::timeout(limit, done).await;
        let late = |_| {
            let text = format!("the server has not taken it for {limit:?}");
            Failure::new(Exit::TimedOut, text)
        };
        done.map_err(late)?.map_err(Failure::from)
    }
}

impl Peer for PubsubxPeer {
    async fn connect(&mut self, target: &Target) -> Result<Reply, Failure> {
        if self.is_connected() {
            return Ok(Reply::said("already connected to a server, first disconnect"));
        }
        let (mut place, mut name) = (target.address.as_deref(), target.client.as_deref());
        // A name alone is one at the address of before.
        let is_place =
            |text: &str| text.contains(':') || text.bytes().all(|it| it.is_ascii_digit());
        if name.is_none() && place.is_some_and(|text| !is_place(text)) {
            (place, name) = (None, place);
        }
        let remote = self.remote.aimed_at(&self.current, place, name)?;
        let address = remote.address()?.unwrap_or_else(|| self.current.clone());
        let Address::Other(other) = &address else {
            return Err(no_address(&address));
        };
        if other.dialect() != Dialect::Pubsubx {
            return Err(no_address(&address));
        }
        if !remote.names_client() {
            let text = "the name is missing; it is written CONNECT <port> <name>";
            return Err(Failure::new(Exit::Usage, text));
        }
        let mut options = remote.other(other.clone(), "shell", None)?.options;
        options.connect_timeout = options.connect_timeout.min(self.limit);
        options.reconnect = (!remote.no_reconnect).then(Backoff::default);
        let online = Online::open(options, greeted, &self.feed).await?;
        let reply = Reply::Said(greeted(online.greeting()));
        self.online = Some(online);
        (self.remote, self.current) = (remote, address);
        Ok(reply)
    }

    async fn disconnect(&mut self) -> Result<Reply, Failure> {
        match self.online.take() {
            Some(online) => {
                online.leave().await;
                Ok(Reply::said("disconnected, all subscriptions are removed"))
            }
            None => Ok(Reply::said("there is no connection")),
        }
    }

    async fn part(&mut self) {
        if let Some(online) = self.online.take() {
            online.part().await;
        }
    }

    fn is_connected(&self) -> bool {
        self.online.as_ref().is_some_and(Online::is_open)
    }

    async fn publish(&mut self, publish: &Publish) -> Result<Reply, Failure> {
        let limit = self.limit;
        let text = to_raw_value(&publish.data.text).expect("a text serialises to memory");
        let online = self.online()?;
        Self::in_time(limit, online.publish(&publish.channel, &text)).await?;
        Ok(Reply::Nothing)
    }

    async fn subscribe(&mut self, channel: &str, _: bool) -> Result<Reply, Failure> {
        let limit = self.limit;
        let online = self.online()?;
        if online.is_subscribed(channel) {
            return Ok(Reply::Said(format!("already subscribed to {}", one_word(channel))));
        }
        Self::in_time(limit, online.subscribe(channel)).await?;
        Ok(Reply::Nothing)
    }

    async fn unsubscribe(&mut self, channel: &str) -> Result<Reply, Failure> {
        let limit = self.limit;
        let online = self.online()?;
        if !online.is_subscribed(channel) {
            return Ok(Reply::Said(format!("was not subscribed to {}", one_word(channel))));
        }
        Self::in_time(limit, online.unsubscribe(channel)).await?;
        Ok(Reply::Nothing)
    }

    async fn request(&mut self, _: &str, _: Option<&Data>) -> Result<Reply, Failure> {
        Err(not_in_pubsubx())
    }

    async fn retained(&mut self, _: &str) -> Result<Reply, Failure> {
        Err(not_in_pubsubx())
    }

    async fn history(&mut self, _: &str, _: Option<NonZeroU32>) -> Result<Option<Reply>, Failure> {
        Err(not_in_pubsubx())
    }

    fn status(&self) -> Vec<String> {
        match &self.online {
            Some(online) => online.status(),
            None => vec!["not connected".to_owned()],
        }
    }
}

fn not_in_pubsubx() -> Failure {
    Failure::new(Exit::Usage, "PubSubX has no questions")
}

fn no_address(address: &Address) -> Failure {
    let text = format!(
        "{address} is no address of PubSubX: write pubsubx://HOST:PORT, or pubsubxs:// for TLS"
    );
    Failure::new(Exit::Usage, text)
}
