//! What listeners lead to, and what is said at the door of each.

use std::sync::Arc;

use rialto_config::Pacing;
use rialto_domain::CloseReason;
use rialto_session::{coremq, jmqt};

use crate::{greeting::Tls, memcached, status, websocket::Origins};

/// What a listener leads to.
#[derive(Clone)]
pub(crate) enum Room {
    /// The broker.
    Broker(Door),
    /// The cache, whose connections are no clients of the broker.
    Cache(Tls),
    /// The API and the status page.
    Http(Tls),
}

/// What clients of the broker speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Jmqt,
    Coremq,
    CoremqWebsocket,
    Pubsubx,
}

/// What connections to the broker are like.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) dialect: Dialect,
    pub(crate) tls: Tls,
    /// To whom whole frames go in small paced writes.
    pub(crate) pacing: Pacing,
    /// Which web pages may connect.
    pub(crate) origins: Arc<Origins>,
}

impl Room {
    pub(crate) fn new(
        dialect: rialto_config::Dialect,
        tls: Tls,
        pacing: Pacing,
        origins: Arc<Origins>,
    ) -> Self {
        let dialect = match dialect {
            rialto_config::Dialect::Jmqt => Dialect::Jmqt,
            rialto_config::Dialect::Coremq => Dialect::Coremq,
            rialto_config::Dialect::CoremqWebsocket => Dialect::CoremqWebsocket,
            rialto_config::Dialect::Pubsubx => Dialect::Pubsubx,
            rialto_config::Dialect::Memcached => return Room::Cache(tls),
            rialto_config::Dialect::Http => return Room::Http(tls),
        };
        Room::Broker(Door { dialect, tls, pacing, origins })
    }

    pub(crate) fn tls(&self) -> &Tls {
        match self {
            Room::Broker(Door { tls, .. }) | Room::Cache(tls) | Room::Http(tls) => tls,
        }
    }

    /// Returns what is spoken there, in the words of the configuration.
    pub(crate) fn dialect(&self) -> rialto_config::Dialect {
        match self {
            Room::Broker(door) => match door.dialect {
                Dialect::Jmqt => rialto_config::Dialect::Jmqt,
                Dialect::Coremq => rialto_config::Dialect::Coremq,
                Dialect::CoremqWebsocket => rialto_config::Dialect::CoremqWebsocket,
                Dialect::Pubsubx => rialto_config::Dialect::Pubsubx,
            },
            Room::Cache(_) => rialto_config::Dialect::Memcached,
            Room::Http(_) => rialto_config::Dialect::Http,
        }
    }

    /// Returns what a connection is told that is not let in, before it has said anything.
    pub(crate) fn refusal(&self, reason: CloseReason) -> Vec<u8> {
        match self {
            Room::Broker(door) => door.refusal(reason),
            Room::Cache(_) => memcached::TOO_MANY.into(),
            Room::Http(_) => status::TOO_MANY.into(),
        }
    }
}

impl Door {
    /// Returns what a connection is told that is not let in, before it has said anything.
    pub(crate) fn refusal(&self, reason: CloseReason) -> Vec<u8> {
        let packet = match self.dialect {
            Dialect::Jmqt => jmqt::LastWord::new(reason).packet,
            Dialect::Coremq => coremq::last_word(reason, "-"),
            Dialect::CoremqWebsocket => Some(status::TOO_MANY.into()),
            Dialect::Pubsubx => None,
        };
        packet.unwrap_or_default()
    }
}
